/** What a request to the token endpoint says about its client; `flaw` is the RFC 6749 §5.2 code of a request that says it twice or wrongly. */
export type ClientSecret = { readonly ok: true; readonly secret: string } | { readonly ok: false; readonly error: 'invalid_request' | 'invalid_client' }

/** RFC 6749 §2.3.1: HTTP Basic or the body, never both. The client id is the key id inside the secret, or absent. */
export function clientSecretOf(authorization: string | null, form: ReadonlyMap<string, string>): ClientSecret {
  const inBody = form.get('client_secret')
  if (authorization === null) return inBody === undefined ? { ok: false, error: 'invalid_client' } : checked(form.get('client_id'), inBody)
  if (inBody !== undefined) return { ok: false, error: 'invalid_request' }
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1]
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? []
  if (user === undefined || password === undefined) return { ok: false, error: 'invalid_client' }
  const id = formDecoded(user)
  const inForm = form.get('client_id')
  if (inForm !== undefined && inForm !== id) return { ok: false, error: 'invalid_request' }
  return checked(id === '' ? undefined : id, formDecoded(password))
}

function checked(clientId: string | undefined, secret: string): ClientSecret {
  const keyId = secret.split('_', 4)[2] ?? ''
  return clientId !== undefined && clientId !== keyId ? { ok: false, error: 'invalid_client' } : { ok: true, secret }
}

/** application/x-www-form-urlencoded, once; what is not decodable is no secret of ours anyway. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
