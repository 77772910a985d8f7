import type { Denial, Held } from '@portcullis/core'
import { httpAnswer, tell } from '@portcullis/mcp'
import { visibleText } from './visible-text.ts'

/** On every response: nothing is kept, sniffed, framed or run. */
const SECURITY: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

/** The same response with the headers that all of ours have; what a host set for itself is replaced. */
export function secured(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY)) response.headers.set(name, value)
  return response
}

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { ...headers, 'content-type': 'application/json' } })

export const text = (status: number, body: string): Response => new Response(body, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })

/** A page of ours: everything in `title` and `rows` is text, and hidden characters are made visible in it. */
export const page = (title: string, rows: readonly (readonly [string, string])[]): Response => {
  const cells = rows.map(([name, value]) => `<dt>${escaped(name)}</dt>\n<dd><pre>${escaped(value)}</pre></dd>`).join('\n')
  const html = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${escaped(title)}</title></head>\n<body>\n<h1>${escaped(title)}</h1>\n<dl>\n${cells}\n</dl>\n</body>\n</html>\n`
  return new Response(html, { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string): string => visibleText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** One answer for every path that is not served, whatever it is. */
export const notFound = (): Response => json(404, { error: { code: 'not_found', message: 'There is nothing here.' } })

export const methodNotAllowed = (allow: string): Response => json(405, { error: { code: 'method_not_allowed', message: 'This method is not served here.' } }, { allow })

/** A refusal outside of MCP: the same object, and a status where HTTP would otherwise have none. */
export function refused(stopped: Denial | Held, url: string): Response {
  const { status, headers } = httpAnswer(stopped, url)
  return json(status === 200 ? (stopped.retryable ? 503 : 403) : status, { error: tell(stopped) }, headers)
}

/** Our own failure: a fixed text. */
export const broken = (): Response => json(500, { error: { code: 'internal_error', message: 'Something went wrong here.' } })
