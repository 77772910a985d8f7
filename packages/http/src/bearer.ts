import { bearerIn, type Bearer } from '@portcullis/mcp'

/**
 * The access token of a request: from one Authorization header and from nowhere else. A token in the query is refused, because it has been
 * written down by somebody on the way (RFC 6750 §2.3).
 */
export const bearerOf = ({ url, headers }: Request): Bearer => (new URL(url).searchParams.has('access_token') ? { ok: false } : bearerIn(headers.get('authorization')))
