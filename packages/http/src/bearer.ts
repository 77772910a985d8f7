export type Bearer = { readonly ok: true; readonly token: string | undefined } | { readonly ok: false }

/** RFC 6750 §2.1: the scheme in any case, then one token of b64token characters. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * The access token of a request: from one Authorization header and from nowhere else. Another scheme is no token; a second header, a
 * malformed value, or a token in the query is refused, because it has been written down by somebody on the way (RFC 6750 §2.3).
 */
export function bearerOf(request: Request): Bearer {
  if (new URL(request.url).searchParams.has('access_token')) return { ok: false }
  const header = request.headers.get('authorization')
  if (header === null || !/^bearer(?:\s|$)/i.test(header)) return header?.includes(',') === true ? { ok: false } : { ok: true, token: undefined }
  const token = BEARER.exec(header)?.[1]
  return token === undefined ? { ok: false } : { ok: true, token }
}
