import { inspect } from 'node:util'
import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { inProcess } from '../../src/broker/in-process.ts'
import type { ToolRun } from '../../src/connectors/connector.ts'
import { VendorError } from '../../src/connectors/vendor.ts'
import { echoes } from '../../src/secrets/canary.ts'
import { Secret, secretStrings } from '../../src/secrets/secret.ts'
import { API_KEY, connectorAt, dispatch, hurried, jobOf, json, vendorServer } from './stage.ts'

const hang = () => new Promise<never>(() => undefined)

/** Time by hand: `fire` calls back the one deadline that was set for exactly `ms`. */
function manual() {
  const timers = new Set<{ ms: number; callback: () => void }>()
  const after = (ms: number, callback: () => void) => { const timer = { ms, callback }; timers.add(timer); return () => void timers.delete(timer) }
  return { after, timers, fire: (ms: number) => { for (const timer of [...timers]) if (timer.ms === ms) { timers.delete(timer); timer.callback() } } }
}

verifies('connector_timeout', 'code that hangs before it sent anything failed without effect', async () => {
  const time = manual()
  const answer = dispatch({ url: 'http://127.0.0.1:9', deadlineMs: 777, options: time }, () => { queueMicrotask(() => time.fire(777)); return hang() })
  expect(await answer).toEqual({ kind: 'failed', failure: 'connector_timeout', sent: false })
  expect(time.timers.size).toBe(0)
})

verifies('connector_timeout', 'a read that hangs failed without effect, a write that hangs is unknown', async () => {
  const time = manual()
  const server = await vendorServer(() => time.fire(777))
  const staged = { url: server.url, deadlineMs: 777, options: time }
  expect(await dispatch(staged, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'failed', failure: 'connector_timeout', sent: false })
  expect(await dispatch(staged, ({ vendor }) => vendor.post('/a'))).toEqual({ kind: 'unknown', code: 'connector_timeout' })
})

test('DOS-04: a body that never ends is cut at the deadline', async () => {
  const time = manual()
  const server = await vendorServer((_, response) => { response.writeHead(200, { 'content-type': 'application/json' }); response.write('[1,', () => time.fire(777)) })
  const closed = new Promise<void>((resolve) => { server.onClose = resolve })
  expect(await dispatch({ url: server.url, deadlineMs: 777, options: time }, ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'failed', failure: 'connector_timeout', sent: false })
  await closed
})

test('a write that was answered before the code hung is unknown, not undone', async () => {
  const time = manual()
  const server = await vendorServer((_, response) => json(response, {}))
  expect(await dispatch({ url: server.url, deadlineMs: 777, options: time }, async ({ vendor }) => { await vendor.post('/a'); time.fire(777); return hang() })).toEqual({ kind: 'unknown', code: 'connector_timeout' })
})

verifies('cancelled', 'the caller\'s signal ends the call at once and the vendor\'s connection with it', async () => {
  const caller = new AbortController()
  const server = await vendorServer(() => caller.abort())
  const closed = new Promise<void>((resolve) => { server.onClose = resolve })
  expect(await dispatch({ url: server.url, signal: caller.signal }, ({ vendor }) => vendor.post('/a'))).toEqual({ kind: 'unknown', code: 'cancelled' })
  await closed
  const second = new AbortController()
  expect(await dispatch({ url: server.url, signal: second.signal }, ({ signal }) => { second.abort(); expect(signal.aborted).toBe(true); return hang() })).toEqual({ kind: 'failed', failure: 'cancelled', sent: false })
  let began = false
  expect(await dispatch({ url: server.url, signal: caller.signal }, async () => { began = true })).toEqual({ kind: 'not_sent', code: 'cancelled' })
  expect(began).toBe(false)
})

test('after the call is over nothing more is sent and what comes late is dropped', async () => {
  const time = manual()
  const server = await vendorServer((_, response) => json(response, {}))
  let late: ToolRun | undefined
  let finish = (_: unknown): void => undefined
  const answer = await dispatch({ url: server.url, deadlineMs: 777, options: time }, (call) => { late = call; queueMicrotask(() => time.fire(777)); return new Promise((resolve) => { finish = resolve }) })
  finish('too late')
  expect(answer).toEqual({ kind: 'failed', failure: 'connector_timeout', sent: false })
  await expect(late?.vendor.get('/a')).rejects.toMatchObject({ failure: 'unavailable', sent: false })
  await expect(late?.vendor.post('/a')).rejects.toMatchObject({ failure: 'unavailable', sent: false })

  let after: ToolRun | undefined
  expect(await dispatch({ url: server.url }, async (call) => { after = call; return 1 })).toMatchObject({ kind: 'succeeded', value: 1 })
  await expect(after?.vendor.post('/a')).rejects.toBeInstanceOf(VendorError)
  expect(server.seen).toEqual([])
})

test('a write that the code did not wait for makes its success unknown', async () => {
  const server = await vendorServer(() => undefined)
  let called = false
  const answer = await dispatch({ url: server.url }, async ({ vendor }) => { vendor.post('/a').catch(() => { called = true }); await Promise.race([vendor.get('/b').catch(() => 0), new Promise(setImmediate)]); return 'done' })
  expect(answer).toEqual({ kind: 'unknown', code: 'connector_failed' })
  await new Promise(setImmediate)
  expect(called).toBe(true)
})

verifies('connector_timeout', 'too late to begin is not begun, also when the credential took the time', async () => {
  let now = 100
  const dispatcher = inProcess({ ...hurried(), monotonic: () => now })
  let began = false
  const staged = { url: 'http://127.0.0.1:9', dispatcher, startBy: 100 }
  const run = async () => { began = true }
  expect(await dispatch({ ...staged, credential: async () => { now = 101; return Secret.of({ apiKey: API_KEY }) } }, run)).toEqual({ kind: 'not_sent', code: 'connector_timeout' })
  expect(await dispatch(staged, run)).toEqual({ kind: 'not_sent', code: 'connector_timeout' })
  expect(began).toBe(false)
  now = 100
  expect(await dispatch(staged, run)).toMatchObject({ kind: 'succeeded' })
})

verifies('credential_unavailable', 'absent, of another shape, unreadable, or unfit for a header', async () => {
  const url = 'http://127.0.0.1:9'
  const credentials = [undefined, Secret.of('just a string'), Secret.of({ other: 'x' }), Secret.of({ apiKey: 'a\r\nhost: evil' }), Secret.of({ apiKey: 'schlüssel' }), { apiKey: API_KEY } as unknown as Secret]
  for (const credential of credentials) expect(await dispatch({ url, credential: async () => credential }, async () => 1)).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  expect(await dispatch({ url, credential: () => Promise.reject(new Error(API_KEY)) }, async () => 1)).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  expect(await dispatch({ url, credential: () => { throw new Error(API_KEY) } }, async () => 1)).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  const time = manual()
  expect(await dispatch({ url, deadlineMs: 777, options: time, credential: () => { queueMicrotask(() => time.fire(777)); return hang() } }, async () => 1)).toEqual({ kind: 'not_sent', code: 'connector_timeout' })
})

test('SEC-04: nothing of what code throws leaves, whatever it hides in', async () => {
  const server = await vendorServer((_, response) => json(response, { apiKey: API_KEY }, 500))
  const leaks: (() => unknown)[] = [
    () => Object.assign(new Error(API_KEY), { config: { headers: { 'x-api-key': API_KEY } } }), () => new Error('outer', { cause: new Error('inner', { cause: API_KEY }) }), () => new AggregateError([new Error(API_KEY)], API_KEY), () => API_KEY, () => ({ toJSON: () => API_KEY, [inspect.custom]: () => API_KEY }),
    () => undefined, () => Object.assign(new VendorError('not_found', { sent: false }), { message: API_KEY, extra: API_KEY, cause: API_KEY }), () => Object.assign(new VendorError('not_found', { sent: false }), { failure: API_KEY, retryAfter: API_KEY }), () => Object.defineProperty(new Error('x'), 'message', { get: () => API_KEY }), () => new Proxy({}, { get: () => API_KEY, getPrototypeOf: () => { throw new Error(API_KEY) } }),
  ]
  for (const leak of leaks) {
    for (const run of [async () => { throw leak() }, () => { throw leak() }]) {
      const answer = await dispatch({ url: server.url }, run)
      expect(answer).toMatchObject({ kind: 'failed', sent: false })
      expect(echoes(inspect(answer, { depth: 9, showHidden: true }) + JSON.stringify(answer), [API_KEY])).toBe(false)
    }
  }
  const seen: unknown[] = []
  await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a').catch((error: unknown) => { seen.push(error) }))
  expect(seen).toHaveLength(1)
  expect(echoes(inspect(seen[0], { depth: 9, showHidden: true }) + String((seen[0] as Error).stack), [API_KEY])).toBe(false)
})

verifies('CO-07', 'what tool code gets holds no credential anywhere it can reach', async () => {
  const server = await vendorServer((_, response) => json(response, {}))
  let dump = ''
  await dispatch({ url: server.url, customer: { id: 'acme', key: 12 } }, async (call) => { await call.vendor.get('/a'); dump = inspect({ ...call, vendor: { ...call.vendor } }, { depth: 12, showHidden: true }) + JSON.stringify(call) })
  expect(dump).toContain("key: 12")
  expect(echoes(dump, [API_KEY])).toBe(false)
})

test('SEC-01: a vendor that sends the credential back is found by what the answer says was injected', async () => {
  const server = await vendorServer(({ headers }, response) => json(response, { debug: { url: `https://x/?key=${encodeURIComponent(String(headers['x-api-key']))}` } }))
  const answer = await dispatch({ url: server.url }, ({ vendor }) => vendor.get('/a'))
  expect(answer.kind === 'succeeded' && echoes(JSON.stringify(answer.value), secretStrings(answer.injected ?? []))).toBe(true)
})

test('SEC-01: a value made from the credential by the connector counts as injected', async () => {
  const connector = connectorAt(['127.0.0.1:9'], { authorize: { type: 'api_key', header: 'authorization', prefix: 'Basic ', value: (credential) => Buffer.from(`user:${(credential as { apiKey: string }).apiKey}`).toString('base64') } })
  const answer = await dispatch({ url: 'http://127.0.0.1:9', connector }, async () => 1)
  expect(answer.kind === 'succeeded' && secretStrings(answer.injected ?? [])).toEqual([API_KEY, Buffer.from(`user:${API_KEY}`).toString('base64')])
})

const owned = (host: string) => connectorAt([host], { records: { ticket: { id: z.number(), owner: async ({ id, vendor }) => ((await vendor.get(`/tickets/${id}`)) as { owner: number }).owner }, writer: { id: z.number(), owner: ({ vendor }) => vendor.post('/tickets') as Promise<number> }, object: { id: z.number(), owner: async () => ({}) as number } } })

verifies('IS-07', 'the owner of a record; a missing record is nobody\'s; asking never writes', async () => {
  const server = await vendorServer(({ url }, response) => (url === '/tickets/1' ? json(response, { owner: 12 }) : json(response, {}, url === '/tickets/3' ? 403 : 404)))
  const ask = (record: string, id: number) => { const { tool: _, input: __, ...job } = jobOf({ url: server.url, connector: owned(server.host) }, hang); return inProcess(hurried()).owner({ ...job, record, id }) }
  expect(await ask('ticket', 1)).toEqual({ kind: 'owner', key: 12 })
  expect(await ask('ticket', 2)).toEqual({ kind: 'owner', key: undefined })
  expect(await ask('ticket', 3)).toMatchObject({ kind: 'failed', failure: 'forbidden' })
  expect(await ask('writer', 1)).toMatchObject({ kind: 'failed', failure: 'forbidden', sent: false })
  expect(await ask('object', 1)).toMatchObject({ kind: 'failed', failure: 'connector_failed' })
  for (const record of ['nothing', '__proto__', 'constructor']) expect(await ask(record, 1)).toEqual({ kind: 'not_sent', code: 'connector_failed' })
  expect(server.seen.every(({ method }) => method === 'GET')).toBe(true)
})

verifies('connector_failed', 'a closed dispatcher begins nothing', async () => {
  const dispatcher = inProcess(hurried())
  await dispatcher.close?.()
  expect(await dispatch({ url: 'http://127.0.0.1:9', dispatcher }, async () => 1)).toEqual({ kind: 'not_sent', code: 'connector_failed' })
})
