import { expect, test } from 'vitest'
import type { Portcullis } from '@portcullis/core'
import type { Host } from '../../src/index.ts'
import { serveStdioOn } from '../../src/stdio/serve-stdio.ts'
import { talk, type Talk } from './talk.ts'

const stream = (...events: object[]) => new Response(events.map((event) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...event })}\n\n`).join(''), { headers: { 'content-type': 'text/event-stream' } })

/** A client of a host that answers as it is told to. */
function talkTo(fetch: Host['fetch']): Talk & { readonly ended: () => boolean } {
  let ended = false
  const host: Host = { sessions: true, fetch, notify: () => undefined, close: async () => { ended = true } }
  return Object.assign(talk((portcullis, options) => serveStdioOn(() => host, portcullis, options), { url: 'https://mcp.example.com' } as Portcullis, { token: 't' }), { ended: () => ended })
}

test('a request is answered, whatever the host does', async () => {
  const note = { method: 'notifications/progress', params: { progress: 1 } }
  const answers: (() => Promise<Response>)[] = [
    async () => new Response(null, { status: 202 }), async () => stream(), async () => stream(note), () => Promise.reject(new Error('the secret cause')),
    async () => new Response(new ReadableStream({ pull: (broken) => broken.error(new Error('the secret cause')) }), { headers: { 'content-type': 'text/event-stream' } }),
  ]
  let next = 0
  await using client = talkTo(() => answers[next++]!())
  for (const [at] of answers.entries()) expect(await client.ask('ping', {}, at), String(at)).toEqual({ jsonrpc: '2.0', id: at, error: { code: -32603, message: 'Internal error', data: { effect: 'unknown', retryable: false } } })
  expect(client.said.filter(({ method }) => method === note.method)).toHaveLength(1)
  expect(client.faults).toHaveLength(2)
})

test('what comes after its cancellation is not said', async () => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  await using client = talkTo(async (_, { body }) => {
    const { id, method } = body as { id?: unknown; method: string }
    if (method !== 'tools/call') return id === undefined ? new Response(null, { status: 202 }) : Response.json({ jsonrpc: '2.0', id, result: {} })
    begun.resolve()
    await gate.promise
    return stream({ method: 'notifications/progress', params: {} }, { id, result: { late: true } })
  })
  client.say({ id: 'c', method: 'tools/call' })
  await begun.promise
  client.say({ method: 'notifications/cancelled', params: { requestId: 'c' } })
  await client.ask('ping') // so the cancellation has been read
  gate.resolve()
  await client.ask('ping')
  await new Promise(setImmediate)
  expect(client.said.map(({ id, method }) => [id, method])).toEqual([[100, undefined], [101, undefined]])
})

test('a host sees the token of the moment, the message as it was parsed, and no address', async () => {
  const seen: unknown[] = []
  await using client = talkTo(async (request, { body, request: asked }) => {
    seen.push([request.url, request.headers.has('authorization'), await request.text(), body, asked])
    return Response.json({ jsonrpc: '2.0', id: 'x', result: {} })
  })
  await client.ask('ping', { __proto__: null, a: 1 }, 'x')
  expect(seen).toEqual([['https://mcp.example.com/', false, '', { jsonrpc: '2.0', id: 'x', method: 'ping', params: { a: 1 } }, { token: 't', endpoint: { kind: 'plain' } }]])
  client.input.end()
  await client.served.closed
  expect(client.ended()).toBe(true)
})
