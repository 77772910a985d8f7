import type { Request as Asked } from '@portcullis/core'
import { bearerIn } from '../bearer.ts'
import { isPlainObject } from '../message.ts'

/** Nothing can narrow what a server of its own answers, so whoever calls it says that they mean the whole tenant: by its configuration. */
const ENDPOINT = { kind: 'tenant' } as const

/** What an SDK says about the HTTP request behind a call, in the words of neither line. */
export interface Carried {
  /** False on stdio, where there is nobody but the one who started the process. */
  readonly http: boolean
  readonly authInfo: unknown
  readonly url: string | undefined
  readonly header: (name: string) => string | undefined
}

/** The first line puts headers into a record, the second has the request itself. Absent is absent: nothing is made up. */
export function carriedBy(context: unknown): Carried {
  if (!isPlainObject(context)) return { http: false, authInfo: undefined, url: undefined, header: () => undefined }
  const { mcpReq, http, authInfo, requestInfo } = context
  if (!isPlainObject(mcpReq)) return { http: requestInfo !== undefined || authInfo !== undefined, authInfo, ...headersOf(requestInfo) }
  return { http: http !== undefined, authInfo: isPlainObject(http) ? http['authInfo'] : undefined, ...headersOf(isPlainObject(http) ? http['req'] : undefined) }
}

function headersOf(request: unknown): Pick<Carried, 'url' | 'header'> {
  if (!isPlainObject(request)) return { url: undefined, header: () => undefined }
  const { headers, url } = request
  const text = typeof url === 'string' ? url : url instanceof URL ? url.href : undefined
  if (isHeaders(headers)) return { url: text, header: (name) => headers.get(name) ?? undefined }
  const record = isPlainObject(headers) ? headers : {}
  return {
    url: text,
    header: (name) => {
      const values = Object.entries(record).filter(([key]) => key.toLowerCase() === name).flatMap(([, value]) => value)
      return values.length === 0 ? undefined : values.map(String).join(', ')
    },
  }
}

/** By their form: a hosting may bring a fetch of its own. The values of a record are texts and lists of them. */
export const isHeaders = (value: unknown): value is Pick<Headers, 'get'> => isPlainObject(value) && typeof value['get'] === 'function'

/**
 * Who asks, by the request alone. `token` is of the process, for stdio: a request over HTTP never borrows it. Where the header and the
 * SDK's own `authInfo` disagree, somebody in between has changed one of them: then there is no token.
 */
export async function askedBy(context: unknown, token: () => string | undefined | Promise<string | undefined>): Promise<Asked> {
  const { http, authInfo, url, header } = carriedBy(context)
  if (!http) return { token: await token(), endpoint: ENDPOINT }
  const tenantsNamed = header('portcullis-tenant')?.split(',').map((name) => name.trim()) ?? []
  return { token: inQuery(url) ? undefined : tokenIn(header('authorization'), authInfo), endpoint: ENDPOINT, tenantsNamed }
}

function tokenIn(header: string | undefined, authInfo: unknown): string | undefined {
  const bearer = bearerIn(header)
  if (!bearer.ok) return undefined
  const given = isPlainObject(authInfo) && typeof authInfo['token'] === 'string' && authInfo['token'] !== '' ? authInfo['token'] : undefined
  return bearer.token === undefined || bearer.token === given ? given : given === undefined ? bearer.token : undefined
}

/** RFC 6750 §2.3: a token in an address has been written down by somebody on the way. */
const inQuery = (url: string | undefined): boolean => url?.includes('?') === true && URL.canParse(url, 'http://localhost') && new URL(url, 'http://localhost').searchParams.has('access_token')
