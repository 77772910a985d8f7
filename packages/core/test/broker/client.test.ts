import { gzipSync } from 'node:zlib'
import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { VendorError, type Vendor } from '../../src/connectors/vendor.ts'
import { API_KEY, closedPort, dispatch, INBOUND_TOKEN, json, vendorServer } from './stage.ts'

/** What the vendor client rejected with, as data. */
const refusal = (call: Promise<unknown>) => call.then((value) => ({ value }), (error: unknown) => (error instanceof VendorError ? { failure: error.failure, sent: error.sent, retryAfter: error.retryAfter } : { other: error }))

verifies('CH-11', 'the credential is added behind the vendor, and nothing else of ours is sent', async () => {
  const server = await vendorServer((_, response) => json(response, { ok: true }))
  const answer = await dispatch({ url: `${server.url}/api`, callId: 'call_7' }, async ({ vendor }) => [await vendor.get('/tickets', { query: { a: 1 } }), await vendor.post('/tickets', { body: { x: 1 } }), await vendor.post('/tickets')])
  expect(answer).toMatchObject({ kind: 'succeeded', value: [{ ok: true }, { ok: true }, { ok: true }] })
  expect(server.seen.map(({ method, url, body }) => [method, url, body])).toEqual([['GET', '/api/tickets?a=1', ''], ['POST', '/api/tickets', '{"x":1}'], ['POST', '/api/tickets', '']])
  expect(server.seen.map(({ headers }) => headers['x-api-key'])).toEqual([API_KEY, API_KEY, API_KEY])
  expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, 'call_7', 'call_7.2'])
})

test('AUT-16: what goes out has a closed set of headers and never the caller\'s token', async () => {
  const server = await vendorServer((_, response) => json(response, {}))
  // The job has no place for the inbound token; a gateway that kept it in the running context must not leak it either.
  const inbound = new Request('https://gateway.example/mcp', { headers: { authorization: `Bearer ${INBOUND_TOKEN}` } })
  await dispatch({ url: server.url, customer: { id: 'acme', key: 12 } }, async ({ vendor }) => [await vendor.get('/a'), await vendor.post('/b', { body: {} })])
  const allowed = ['host', 'connection', 'accept', 'accept-language', 'accept-encoding', 'sec-fetch-mode', 'user-agent', 'x-api-key', 'idempotency-key', 'content-type', 'content-length']
  expect(inbound.headers.get('authorization')).toContain(INBOUND_TOKEN)
  expect(server.seen).toHaveLength(2)
  expect(server.seen.flatMap(({ headers }) => Object.keys(headers)).filter((name) => !allowed.includes(name))).toEqual([])
  expect(JSON.stringify(server.seen)).not.toContain(INBOUND_TOKEN)
})

test.each([[404, 'not_found'], [409, 'conflict'], [400, 'invalid'], [422, 'invalid'], [401, 'forbidden'], [403, 'forbidden'], [418, 'unavailable'], [501, 'unavailable']] as const)('a read answered %i is %s', async (status, failure) => {
  const server = await vendorServer((_, response) => json(response, { secret: 'words of the vendor' }, status))
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'failed', failure, sent: false, retryAfter: undefined })
  expect(server.seen).toHaveLength(1)
})

test('a limit is told with its time, and waited for only when it is short', async () => {
  const long = await vendorServer((_, response) => json(response, {}, 429, { 'retry-after': '30' }))
  expect(await dispatch({ url: long.url }, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'failed', failure: 'limited', sent: false, retryAfter: 30 })
  expect(long.seen).toHaveLength(1)
  const short = await vendorServer((_, response, number) => json(response, { number }, number < 2 ? 429 : 200, { 'retry-after': '1' }))
  expect(await dispatch({ url: short.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'succeeded', value: { number: 2 } })
  const dated = await vendorServer((_, response) => json(response, {}, 429, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }))
  expect(await dispatch({ url: dated.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ failure: 'limited', retryAfter: undefined })
})

test('a read that meets a passing 5xx or a broken connection is repeated, twice at most', async () => {
  for (const status of [500, 502, 503, 504]) {
    const server = await vendorServer((_, response, number) => json(response, { number }, number < 3 ? status : 200))
    expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'succeeded', value: { number: 3 } })
  }
  const broken = await vendorServer((_, response, number) => (number === 1 ? response.destroy() : json(response, { number })))
  expect(await dispatch({ url: broken.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'succeeded', value: { number: 2 } })
  const down = await vendorServer((_, response) => json(response, {}, 503))
  expect(await dispatch({ url: down.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'failed', failure: 'unavailable', sent: false })
  expect(down.seen).toHaveLength(3)
})

test('a write is never repeated, and an answer that proves nothing makes its outcome unknown', async () => {
  const answers: [string, Parameters<typeof vendorServer>[0]][] = [
    ['500', (_, response) => json(response, {}, 500)], ['503', (_, response) => json(response, {}, 503, { 'retry-after': '0' })], ['408', (_, response) => json(response, {}, 408)],
    ['broken', (_, response) => void response.destroy()], ['redirect', (_, response) => void response.writeHead(303, { location: '/elsewhere' }).end()],
    ['half an answer', (_, response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }); response.write('{', () => response.destroy()) }],
  ]
  for (const [name, answer] of answers) {
    const server = await vendorServer(answer)
    const seen: unknown[] = []
    const outcome = await dispatch({ url: server.url }, async ({ vendor }) => { seen.push(await refusal(vendor.post('/a', { body: {} }))); return vendor.get('/a').catch(() => { throw new VendorError('unavailable', { sent: false }) }) })
    expect([name, seen]).toEqual([name, [{ failure: 'unavailable', sent: true, retryAfter: name === '503' ? 0 : undefined }]])
    expect(server.seen.filter(({ method }) => method === 'POST')).toHaveLength(1)
    expect([name, outcome]).toEqual([name, { kind: 'unknown', code: 'connector_failed' }])
  }
})

test('a write that was surely refused, or never connected, says so', async () => {
  for (const [status, failure] of [[409, 'conflict'], [422, 'invalid'], [429, 'limited'], [404, 'not_found'], [401, 'forbidden']] as const) {
    const server = await vendorServer((_, response) => json(response, {}, status))
    expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.post('/a', { body: {} }))).toMatchObject({ kind: 'failed', failure, sent: false })
    expect(server.seen).toHaveLength(1)
  }
  expect(await dispatch({ url: await closedPort() }, ({ vendor }) => vendor.post('/a'))).toEqual({ kind: 'failed', failure: 'unavailable', sent: false, retryAfter: undefined })
})

test('a write that succeeded stays done, whatever fails after it', async () => {
  const server = await vendorServer((seen, response) => (seen.url === '/html' ? void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>') : json(response, { id: 1 }, seen.url === '/missing' ? 404 : 200)))
  const after = (next: (vendor: Vendor) => Promise<unknown>) => dispatch({ url: server.url }, async ({ vendor }) => { await vendor.post('/a'); return next(vendor) })
  expect(await after((vendor) => vendor.get('/missing'))).toEqual({ kind: 'failed', failure: 'not_found', sent: true, retryAfter: undefined })
  expect(await after(() => Promise.reject(new TypeError('bug')))).toEqual({ kind: 'failed', failure: 'connector_failed', sent: true, retryAfter: undefined })
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.post('/html'))).toEqual({ kind: 'failed', failure: 'unavailable', sent: true, retryAfter: undefined })
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.post('/a', { as: z.object({ id: z.string() }) }))).toEqual({ kind: 'failed', failure: 'unavailable', sent: true, retryAfter: undefined })
})

test('SEC-11: a redirect is not followed, to the same host or another, and the other never sees the credential', async () => {
  const other = await vendorServer((_, response) => json(response, {}))
  for (const status of [301, 302, 303, 307, 308]) {
    const server = await vendorServer((_, response) => void response.writeHead(status, { location: `${other.url}/steal` }).end())
    expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'failed', failure: 'unavailable', sent: false, retryAfter: undefined })
    expect(server.seen).toHaveLength(1)
  }
  expect(other.seen).toEqual([])
})

test('SEC-11: a tool that asks for another place is stopped before anything is sent', async () => {
  const server = await vendorServer((_, response) => json(response, {}))
  const other = await vendorServer((_, response) => json(response, {}))
  for (const path of [`${other.url}/a`, `//${other.host}/a`, '/../a', '/\\a', '/a?x=1', `@${other.host}/`, '/%2e%2e/a']) {
    expect(await dispatch({ url: `${server.url}/api` }, ({ vendor }) => vendor.get(path))).toEqual({ kind: 'not_sent', code: 'endpoint_forbidden' })
    expect(await dispatch({ url: `${server.url}/api` }, ({ vendor }) => vendor.post(path))).toEqual({ kind: 'not_sent', code: 'endpoint_forbidden' })
  }
  expect(await dispatch({ url: server.url, host: 'vendor.example' }, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'not_sent', code: 'endpoint_forbidden' })
  expect([server.seen, other.seen]).toEqual([[], []])
})

test('an answer over 4 MiB is dropped on the way, compressed or not', async () => {
  const endless = Buffer.alloc(1 << 20, ' ')
  let written = 0
  const server = await vendorServer((seen, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...(seen.url === '/bomb' ? { 'content-encoding': 'gzip' } : {}) })
    if (seen.url === '/bomb') return void response.end(gzipSync(Buffer.alloc(64 << 20, ' ')))
    const more = (): void => { if (!response.destroyed && written < 512) { written++; response.write(endless, more) } }
    more()
  })
  for (const path of ['/endless', '/bomb']) expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get(path))).toMatchObject({ kind: 'failed', failure: 'unavailable' })
  expect(written).toBeLessThan(64)
  const fits = await vendorServer((_, response) => json(response, 'x'.repeat(4 * 1024 * 1024 - 2)))
  expect(await dispatch({ url: fits.url }, async ({ vendor }) => ((await vendor.get('/a')) as string).length)).toMatchObject({ kind: 'succeeded', value: 4 * 1024 * 1024 - 2 })
})

test('only JSON of bounded depth is an answer; an empty body is undefined', async () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const bodies: [string, string, unknown][] = [
    ['application/json', nested(64), 'ok'], ['application/json', nested(65), 'no'], ['application/json', nested(100_000), 'no'], ['application/problem+json; charset=utf-8', '{}', 'ok'],
    ['text/html', '{}', 'no'], ['application/jsonp', '{}', 'no'], ['application/json', '{"a":', 'no'], ['application/json', '', 'ok'], ['text/plain', '', 'ok'],
  ]
  for (const [type, body, expected] of bodies) {
    const server = await vendorServer((_, response) => void response.writeHead(200, { 'content-type': type }).end(body))
    const answer = await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a'))
    expect([type, body.slice(0, 70), answer.kind === 'succeeded' ? 'ok' : 'no']).toEqual([type, body.slice(0, 70), expected])
  }
  const latin = await vendorServer((_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0x22])))
  expect(await dispatch({ url: latin.url }, ({ vendor }) => vendor.get('/a'))).toMatchObject({ failure: 'unavailable' })
})

test('an answer of another shape than expected is unavailable', async () => {
  const server = await vendorServer((_, response) => json(response, { id: '7' }))
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a', { as: z.object({ id: z.number() }) }))).toMatchObject({ kind: 'failed', failure: 'unavailable', sent: false })
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a', { as: z.object({ id: z.string().transform(Number) }) }))).toMatchObject({ kind: 'succeeded', value: { id: 7 } })
})

const paged = { as: z.object({ id: z.number() }), items: (page: unknown) => (page as { items: unknown }).items }

test('DOS-04: a listing is read to its end, and one without an end is given up', async () => {
  const server = await vendorServer(({ url }, response) => { const page = Number(new URL(url, 'http://x').searchParams.get('page') ?? 1); json(response, { items: [{ id: page }], more: page < 3 }) })
  const next = (page: unknown, number: number) => ((page as { more: boolean }).more ? { page: number + 1 } : undefined)
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.all('/a', { ...paged, query: { size: 1 }, next }))).toMatchObject({ kind: 'succeeded', value: [{ id: 1 }, { id: 2 }, { id: 3 }] })
  expect(server.seen.map(({ url }) => url)).toEqual(['/a?size=1', '/a?size=1&page=2', '/a?size=1&page=3'])
  const endless = await vendorServer((_, response) => json(response, { items: [] }))
  expect(await dispatch({ url: endless.url }, ({ vendor }) => vendor.all('/a', { ...paged, next: (_, number) => ({ page: number + 1 }) }))).toMatchObject({ failure: 'unavailable' })
  expect(endless.seen).toHaveLength(100)
})

test('DOS-04: a cursor that comes back, too many records, or a page without records end a listing', async () => {
  const server = await vendorServer(({ url }, response) => json(response, { items: url.startsWith('/many') ? Array.from({ length: 3_000 }, (_, id) => ({ id })) : url.startsWith('/none') ? undefined : [{ id: 1 }] }))
  const all = (path: string, next: (page: unknown, number: number) => { cursor: string } | undefined) => dispatch({ url: server.url }, ({ vendor }) => vendor.all(path, { ...paged, next }))
  expect(await all('/loop', (_, number) => ({ cursor: number % 2 ? 'a' : 'b' }))).toMatchObject({ failure: 'unavailable' })
  expect(server.seen).toHaveLength(3)
  expect(await all('/many', (_, number) => ({ cursor: String(number) }))).toMatchObject({ failure: 'unavailable' })
  expect(server.seen.filter(({ url }) => url.startsWith('/many'))).toHaveLength(4)
  expect(await all('/none', () => undefined)).toMatchObject({ failure: 'unavailable' })
  expect(await all('/throws', () => { throw new Error('author') })).toMatchObject({ failure: 'unavailable' })
})

test('what cannot be written as JSON is not sent', async () => {
  const server = await vendorServer((_, response) => json(response, {}))
  expect(await dispatch({ url: server.url }, ({ vendor }) => vendor.post('/a', { body: { n: 1n } }))).toMatchObject({ kind: 'failed', failure: 'invalid', sent: false })
  expect(server.seen).toEqual([])
})
