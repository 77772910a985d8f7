import type { ServerResponse } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import fastify from 'fastify'
import { expect, test, vi } from 'vitest'
import { stage } from '../../mcp/test/world.ts'
import { gateway } from '../src/index.ts'

const MOUNTED = { code: 'gateway_mounted', message: expect.stringContaining('at the root') }

test('below the root it does not start, with or without a prefix: its hook would hear of nothing there', async () => {
  await using set = await stage()
  await expect(fastify().register(async (child) => { await child.register(gateway(set.portcullis)) })).rejects.toMatchObject(MOUNTED)
  await expect(fastify().register(gateway(set.portcullis), { prefix: '/x' })).rejects.toMatchObject(MOUNTED)
  await expect(fastify().register(async (child) => { await child.register(gateway(set.portcullis)) }, { prefix: '/x' })).rejects.toMatchObject(MOUNTED)
})

test('hooks and routes of the application see what is theirs, and the end of what is ours', async () => {
  await using set = await stage()
  const app = fastify()
  const ended: string[] = []
  app.addHook('onResponse', async ({ url }, { statusCode }) => void ended.push(`${url} ${statusCode}`))
  app.addContentTypeParser('application/json', { parseAs: 'string' }, () => { throw new Error('parsed a body of ours') })
  app.post('/mcp', async () => 'not reached')
  await app.register(gateway(set.portcullis))
  app.get('/late', async () => 'registered afterwards')
  const asked = await app.inject({ method: 'POST', url: '/mcp', headers: { 'content-type': 'application/json', host: 'localhost' }, payload: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  expect([asked.statusCode, asked.headers['www-authenticate']]).toEqual([401, expect.stringContaining('resource_metadata=')])
  expect((await app.inject('/late')).payload).toBe('registered afterwards')
  expect(ended).toEqual(['/mcp 401', '/late 200'])
  await app.close()
})

test('closing the application ends the streams of a host of its own', async () => {
  await using set = await stage()
  const app = fastify()
  const open: ServerResponse[] = []
  app.addHook('onRequest', async ({ method }, { raw }) => {
    if (method === 'GET') open.push(raw)
  })
  await app.register(gateway(set.portcullis, { sessions: {} }))
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } })
  const requestInit = { headers: { authorization: `Bearer ${await set.token('bot')}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin), { requestInit, reconnectionOptions: { maxRetries: 0, initialReconnectionDelay: 1, maxReconnectionDelay: 1, reconnectionDelayGrowFactor: 1 } }))
  await vi.waitFor(() => expect(open.map(({ statusCode, writableEnded }) => [statusCode, writableEnded])).toEqual([[200, false]])) // it listens for changes by itself
  await app.close()
  expect(open[0]?.writableFinished).toBe(true)
  await client.close()
})

test('over HTTP/2 the host is still looked at', async () => {
  await using set = await stage()
  const app = fastify({ http2: true })
  await app.register(gateway(set.portcullis) as unknown as Parameters<typeof app.register>[0])
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  const ask = (authority: string) => new Promise<[unknown, string]>((resolve, reject) => {
    const stream = client.request({ ':path': '/health', ':authority': authority })
    let status: unknown
    let body = ''
    stream.on('response', (headers) => { status = headers[':status'] })
    stream.on('data', (chunk) => { body += String(chunk) })
    stream.on('end', () => resolve([status, body]))
    stream.on('error', reject)
  })
  expect(await ask('localhost')).toEqual([200, '{"status":"ok"}'])
  expect(await ask('evil.example')).toEqual([403, expect.stringContaining('origin_forbidden')])
  client.close()
  await app.close()
})
