import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { expect, onTestFinished, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { evaluate } from './evaluate.ts'
import { classify, commandOf } from './program.ts'
import { tickets as ticketsV1 } from './tickets-v1.ts'
import { tickets as ticketsV2 } from './tickets-v2.ts'

const PROPOSED = {
  title: 'tickets', tools: [['close_ticket', 'write'], ['list_tickets', 'read'], ['wipe', 'destructive']], prompts: ['greet'], resources: ['file:///a'], subscriptions: ['file:///a'],
}
const COUNTED = '3 tools, 1 prompts, 1 resources, 0 templates; 1 tools to confirm first, 0 names left out.\n'
const TOKEN = 'hunter2-of-the-test'

async function listening(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  }))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

async function served(line: 'v1' | 'v2', request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (line === 'v1') {
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true }) // stateless
    await ticketsV1().connect(transport as Transport)
    return transport.handleRequest(request, response)
  }
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string])
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = chunks.length === 0 ? null : Buffer.concat(chunks)
  const answer = await createMcpHandler(ticketsV2).fetch(new Request(`http://${request.headers.host}${request.url}`, { method: request.method ?? 'GET', headers, body }))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
}

verifies('EM-01', 'a server that speaks over stdio is asked, on either SDK line, and its classification is ready to be pasted', async () => {
  const [first, second] = await Promise.all([classify(['--command', commandOf('./tickets-v1.ts')]), classify(['--command', commandOf('./tickets-v2.ts')])])
  expect(first).toMatchObject({ status: 0, err: expect.stringMatching(/^Asking '[^\n]*' …\n/) })
  expect(first.err.split('\n').slice(1).join('\n')).toBe(COUNTED)
  expect(evaluate(first.out)).toEqual(PROPOSED)
  expect(first.out).toContain(String.raw`    // 'Closes a ticket\u{a}// for good'${'\n'}    'close_ticket': 'write', // from destructiveHint: false${'\n'}`)
  expect(first.out).toContain(`    'wipe': 'destructive', // from nothing // confirm: no hints\n`)
  expect(second).toEqual({ ...first, err: first.err })
})

verifies('EM-01', 'what a server registers once a client of 2025 has shaken hands is asked for too, on either SDK line', async () => {
  const answers = await Promise.all(['./tickets-v1.ts', './tickets-v2.ts'].map((file) => classify(['--command', `${commandOf(file)} late`])))
  for (const { out } of answers) expect(evaluate(out).tools).toEqual([['close_ticket', 'write'], ['late', 'destructive'], ['list_tickets', 'read'], ['wipe', 'destructive']])
})

verifies('EM-01', 'a server behind HTTP is asked with the headers given, on either SDK line; without them the sentence names the next step', async () => {
  for (const line of ['v1', 'v2'] as const) {
    const seen = new Set<unknown>()
    const url = await listening((request, response) => {
      seen.add(request.headers['x-tenant'])
      if (request.headers.authorization === `Bearer ${TOKEN}`) void served(line, request, response)
      else response.writeHead(401).end()
    })
    const asked = await classify(['--url', `${url}?key=${TOKEN}`, '--header', `authorization: Bearer ${TOKEN}`, '--header', 'X-Tenant: contoso'])
    expect(asked).toMatchObject({ status: 0, err: `Asking ${url} …\n${COUNTED}` })
    expect(evaluate(asked.out)).toEqual(PROPOSED)
    expect(seen).toEqual(new Set(['contoso']))

    const json = await classify(['--url', url, '--header', `authorization: Bearer ${TOKEN}`, '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ server: 'tickets', tools: PROPOSED.tools.map(([name, risk]) => ({ name, risk })), leftOut: [] })

    const anonymous = await classify(['--url', url, '--header', `x-secret: ${TOKEN}`])
    expect(anonymous).toEqual({ status: 1, out: '', err: `Asking ${url} …\n${url} wants to know who asks: give a token with --header 'authorization: Bearer <token>'.\n` })
  }
})

test('headers go nowhere but to the address given', async () => {
  const seen: unknown[] = []
  const elsewhere = await listening((request, response) => {
    seen.push(request.headers['x-secret'])
    response.end()
  })
  const url = await listening((_request, response) => response.writeHead(307, { location: elsewhere }).end())
  const asked = await classify(['--url', url, '--header', `x-secret: ${TOKEN}`])
  expect(asked).toMatchObject({ status: 1, out: '' })
  expect(asked.err).not.toContain(TOKEN)
  expect(seen).toEqual([])
})

test('a saved listing needs no server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-classify-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const listing = JSON.stringify({ tools: [{ name: 'wipe' }] })
  writeFileSync(join(folder, 'tools.json'), listing)
  const saved = await classify([join(folder, 'tools.json')])
  expect(saved).toMatchObject({ status: 0, err: '1 tools, 0 prompts, 0 resources, 0 templates; 1 tools to confirm first, 0 names left out.\n' })
  expect(evaluate(saved.out)).toEqual({ tools: [['wipe', 'destructive']] })
  expect(await classify(['-'], listing)).toEqual(saved)
})

test.each([
  [[], 2, 'Say where the tools are'], [['--url', 'https://x.test', 'tools.json'], 2, 'Say where the tools are'], [['--url', 'x.test/mcp'], 2, 'begins with https'],
  [['--url', 'http://x.test/mcp'], 2, 'neither https nor on this machine'], [['--url', `https://ada:${TOKEN}@x.test/`], 2, '--header instead'],
  [['--url', 'https://x.test', '--header', `${TOKEN}`], 2, "of the form 'name: value'"], [['--url', 'https://x.test', '--header', `x: ${TOKEN}\r\ny: z`], 2, "of the form 'name: value'"],
  [['--header', 'a: b', 'tools.json'], 2, 'goes with --url'], [['--command', '"node'], 2, 'every quote closed'], [['--command', ' '], 2, 'name a program'], [['--wat'], 2, '--wat'],
  [['absent.json'], 1, 'cannot be read'], [['-'], 1, 'no JSON'], [['--command', 'portcullis-no-such-program --x'], 1, 'could not be started'],
  [['--command', `'${process.execPath}' -e 'console.error("first\u001b[31m"); console.error("no licence\u202e"); process.exit(3)'`], 1, String.raw`no licence\u{202e}'`],
  [['--url', 'http://127.0.0.1:1/mcp'], 1, 'check the address'],
])('case %#: one sentence that names the next step, and no secret', async (args, status, says) => {
  const { out, ...rest } = await classify(args)
  const sentences = rest.err.split('\n').filter((line) => line !== '' && !line.startsWith('Asking '))
  expect(out).toBe('')
  expect(rest.status).toBe(status)
  expect(sentences).toEqual([expect.stringContaining(says)])
  expect(rest.err).not.toContain(TOKEN)
  expect(rest.err).not.toContain('\u001b')
})

test('an address that serves something else is told apart from one that serves nothing', async () => {
  const url = await listening((_request, response) => response.writeHead(404).end())
  expect(await classify(['--url', url])).toEqual({ status: 1, out: '', err: `Asking ${url} …\n${url} answered 404: check that this is the address of its MCP endpoint, path included.\n` })
})
