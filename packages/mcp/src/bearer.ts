export type Bearer = { readonly ok: true; readonly token: string | undefined } | { readonly ok: false }

/** RFC 6750 §2.1: the scheme in any case, then one token of b64token characters. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const ANY_BEARER = /^bearer(?:\s|$)/i

/**
 * The access token in an `Authorization` header, whose values are joined by commas if there are more. Another scheme is no token; a second
 * header or a malformed value is refused: somebody on the way has written down what nobody sent.
 */
export function bearerIn(header: string | null | undefined): Bearer {
  if (header === null || header === undefined || !ANY_BEARER.test(header)) return header?.includes(',') === true ? { ok: false } : { ok: true, token: undefined }
  const token = BEARER.exec(header)?.[1]
  return token === undefined ? { ok: false } : { ok: true, token }
}
