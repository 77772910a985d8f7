import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { CallToolResultSchema, ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mintShownSecret } from '../../../core/src/memory/index.ts'
import { fixture, type Secrets } from './fixture.ts'

const secrets: Secrets = { admin: mintShownSecret('test').secret, billing: mintShownSecret('test').secret }
const argsOf = (line: string): string[] => ['--conditions=@portcullis/source', fileURLToPath(new URL('program.ts', import.meta.url)), line, JSON.stringify(secrets)]

async function tokenOf(account: keyof Secrets): Promise<string> {
  await using portcullis = await fixture(secrets)
  const exchanged = await portcullis.exchange({ secret: secrets[account] })
  if (exchanged.kind !== 'token') throw new Error(exchanged.error)
  return exchanged.token
}
const serverOf = (line: string, token: string) => ({ command: process.execPath, args: argsOf(line), env: { PORTCULLIS_TOKEN: token }, stderr: 'pipe' as const })

describe.each(['v1', 'v2'])('a process on the SDK of %s', (line) => {
  verifies('EM-01', 'the official client of the first line calls, is asked, and hears of progress and changes', async () => {
    const transport = new FirstTransport(serverOf(line, await tokenOf('admin')))
    const client = new FirstClient({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
    const errors: unknown[] = []
    client.onerror = (error) => errors.push(error)
    client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept' as const, content: { name: 'Ada' } }))
    const changed = Promise.withResolvers<void>()
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve())
    await client.connect(transport as Parameters<FirstClient['connect']>[0])
    const stderr = text(transport.stderr as unknown as NodeJS.ReadableStream)
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('test_simple_text')
    expect(await client.callTool({ name: 'test_input_required_result_elicitation' })).toMatchObject({ content: [{ text: 'Hello, Ada!' }] })
    const progress: number[] = []
    await client.callTool({ name: 'test_tool_with_progress' }, CallToolResultSchema, { onprogress: (said) => progress.push(said.progress) })
    expect(progress).toEqual([0, 50, 100])
    await client.callTool({ name: 'test_trigger_tool_change' })
    await changed.promise
    await client.close()
    expect(await stderr).toBe('said by a careless tool\n')
    expect(errors).toEqual([]) // of what came over the standard output, everything was the protocol
  })

  const eras = line === 'v2' ? (['legacy', 'modern'] as const) : (['legacy'] as const)
  for (const era of eras) {
    verifies(['EM-01', 'tool_unknown'], `the official client of the second line is shown what its token may know (${era})`, async () => {
      const connect = async (token: string) => {
        const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } })
        client.setRequestHandler('elicitation/create', async () => ({ action: 'accept' as const, content: { name: 'Ada' } }))
        await client.connect(new StdioClientTransport(serverOf(line, token)))
        return client
      }
      const [admin, billing] = await Promise.all([connect(await tokenOf('admin')), connect(await tokenOf('billing'))])
      expect(await admin.callTool({ name: 'test_input_required_result_elicitation' })).toMatchObject({ content: [{ text: 'Hello, Ada!' }] })
      const refused = (name: string) => billing.callTool({ name }).catch(({ code, message, data }: { code: number; message: string; data?: { code?: string } }) => ({ code, message, data: data?.code }))
      const [hidden, invented] = await Promise.all([refused('test_simple_text'), refused('invented')])
      expect(hidden).toEqual(invented)
      expect(hidden).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') })
      await Promise.all([admin.close(), billing.close()])
    })
  }

  verifies(['EM-01', 'token_missing'], 'without a token in the environment it ends at once, with one sentence', async () => {
    const child = spawn(process.execPath, argsOf(line), { env: {}, stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect([await ended, stdout, stderr]).toEqual([1, '', 'There is no access token: set PORTCULLIS_TOKEN in the environment of this process.\n'])
  })

  test('a flood of garbage does not end the process; the end of its input does', async () => {
    const child = spawn(process.execPath, argsOf(line), { env: { PORTCULLIS_TOKEN: await tokenOf('admin') }, stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const stderr = text(child.stderr)
    let said = ''
    const answered = Promise.withResolvers<void>()
    child.stdout.on('data', (piece) => {
      said += String(piece)
      if (said.includes('"id":"last"')) answered.resolve()
    })
    child.stdin.write(`${'{"jsonrpc":'.repeat(200_000)}\n`)
    for (let turn = 0; turn < 5_000; turn++) child.stdin.write(Buffer.from([0xff, 0xfe, turn % 256 === 10 ? 0 : turn % 256, 10]))
    child.stdin.write('{"jsonrpc":"2.0","id":"last","method":"tools/list"}\n')
    await answered.promise
    child.stdin.end()
    expect([await ended, await stderr]).toEqual([0, ''])
    const lines = said.trimEnd().split('\n').map((one) => JSON.parse(one) as { id: unknown; error?: { data: { code: string } } })
    expect(lines.filter(({ id }) => id === null).map(({ error }) => error?.data.code)).toEqual(['request_too_large', ...Array.from({ length: 5_000 }, () => 'malformed')])
    expect(lines.at(-1)).toMatchObject({ id: 'last', result: { tools: expect.arrayContaining([expect.objectContaining({ name: 'test_simple_text' })]) } })
  })
})
