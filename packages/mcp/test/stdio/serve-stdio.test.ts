import { describe, expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { deployment, type Deployment } from '../everything/deployment.ts'
import { everything } from '../everything/everything.ts'
import { humanToken, logOf, stage } from '../world.ts'
import { LINES, talk } from './talk.ts'

async function everythingServer(): Promise<Deployment & AsyncDisposable> {
  const set = await deployment(everything(() => undefined))
  return { ...set, [Symbol.asyncDispose]: () => set.portcullis.close() }
}

const logsOf = async (set: Deployment): Promise<string> => {
  let log = ''
  for await (const line of set.portcullis.exportLog('northwind')) log += Buffer.from(line).toString()
  return log
}

describe.each(LINES)('on the SDK of %s', (line, serve) => {
  test('without a token it does not start', async () => {
    await using set = await everythingServer()
    for (const token of ['', undefined]) expect(() => talk(serve, set.portcullis, { token })).toThrow(expect.objectContaining({ code: 'token_missing', message: expect.stringMatching(/^[^.]+PORTCULLIS_TOKEN[^.]+\.$/) }))
  })

  verifies(['EM-01', 'token_expired'], 'expiry holds while the process runs: each message is judged anew, and a renewed token goes on', async () => {
    await using set = await everythingServer()
    let { token } = set
    await using client = talk(serve, set.portcullis, { token: async () => token, reach: 'tenant' })
    await client.begin()
    expect((await client.ask('tools/list')).result?.['tools']).not.toEqual([])
    token = set.other // somebody else in the same tenant does not take over what was begun
    expect((await client.ask('tools/list')).error).toEqual({ code: -32001, message: 'Session not found' })
    token = set.token
    set.pass(901_000)
    for (const [method, params] of [['ping', {}], ['tools/list', {}], ['tools/call', { name: 'test_simple_text' }], ['initialize', {}], ['resources/read', { uri: 'test://static-text' }]] as const) {
      expect((await client.ask(method, params)).error, method).toMatchObject({ code: -31403, data: { gate: 'authenticate', code: 'token_expired' } })
    }
    token = await set.renew()
    expect(await client.ask('tools/call', { name: 'test_simple_text' })).toMatchObject({ result: { content: [{ type: 'text' }] } })
  })

  test('a token that cannot be had any more leaves its message without one', async () => {
    await using set = await everythingServer()
    let broken = false
    await using client = talk(serve, set.portcullis, { reach: 'tenant', token: () => {
      if (broken) throw new Error('no more tokens')
      return set.token
    } })
    await client.begin()
    broken = true
    expect((await client.ask('tools/list')).error).toMatchObject({ data: { code: 'token_missing' } })
  })

  verifies(['EM-01', 'tool_unknown'], 'a tool that the caller may not know is one that does not exist, and the reach is that of the configuration', async () => {
    await using set = await stage()
    const token = await set.token('admin')
    await using plain = talk(serve, set.portcullis, { token })
    await plain.begin()
    expect((await plain.ask('tools/call', { name: 'psa.list' })).error).toMatchObject({ data: { code: 'customer_required' } })
    await using acme = talk(serve, set.portcullis, { token, reach: { customer: 'acme' } })
    await acme.begin()
    expect(await acme.ask('tools/call', { name: 'psa.list' })).toMatchObject({ result: { structuredContent: { tickets: [{ summary: 'mine' }] } } })
    await using whole = talk(serve, set.portcullis, { token, reach: 'tenant' })
    await whole.begin()
    expect(await whole.ask('tools/call', { name: 'psa.list' })).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'tool_scope_mismatch' } } } })
    await using rival = talk(serve, set.portcullis, { token: await set.token('rival') })
    await rival.begin()
    const unknown = await Promise.all(['psa.invented', 'northwind', 'psa.export '].map((name) => rival.ask('tools/call', { name })))
    expect(unknown.map(({ error }) => error)).toEqual(unknown.map(() => ({ code: -32602, message: 'Unknown tool' })))
    await using viewer = talk(serve, set.portcullis, { token: await set.token('viewer') })
    await viewer.begin()
    expect(await viewer.ask('tools/list')).toMatchObject({ result: { tools: [{ name: 'psa.list' }] } })
    await using stale = talk(serve, set.portcullis, { token: humanToken('op', 3_600) })
    await stale.begin()
    expect((await stale.ask('tools/call', { name: 'psa.export' })).error).toMatchObject({ data: { code: 'step_up_required' } })
  })

  verifies(['malformed', 'request_too_deep', 'request_too_large'], 'every line goes through the strict parser, and garbage ends nothing', async () => {
    await using set = await stage()
    await using client = talk(serve, set.portcullis, { token: await set.token('bot') })
    await client.begin()
    const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
    const refused = [
      [call('{"name":"psa.list","name":"psa.wipe"}'), 'malformed'], [call(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`), 'request_too_deep'], [call(`{"name":"${'x'.repeat(1_048_576)}"}`), 'request_too_large'],
      ['not json', 'malformed'], ['[]', 'malformed'], ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 'malformed'], ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 'malformed'], ['{"jsonrpc":"2.0","id":1,"method":"ping","more":1}', 'malformed'], ['\u00ef\u00bb\u00bf{}', 'malformed'],
    ] as const
    for (const [text] of refused) client.say(text)
    client.say('') // blank lines are nothing
    client.say(' \r')
    await client.ask('ping')
    const codes = client.said.filter(({ id }) => id === null).map(({ error }) => error?.data?.['code'])
    expect(codes).toEqual(refused.map(([, code]) => code))
    expect((await client.ask('sampling/createMessage')).error).toMatchObject({ code: -32601 })
    expect((await client.ask('rpc.discover')).error).toMatchObject({ code: -32601 })
    for (let turn = 0; turn < 2_000; turn++) client.say(`{"${turn}`)
    expect(await client.ask('tools/call', { name: 'psa.list' })).toMatchObject({ result: { structuredContent: {} } })
    expect(client.said.filter(({ id }) => id === null)).toHaveLength(refused.length + 2_000)
    expect(client.faults).toEqual([])
    expect(set.jobs).toHaveLength(1)
  })

  test('a client that does not read is not read from', async () => {
    await using set = await stage()
    await using client = talk(serve, set.portcullis, { token: await set.token('bot') })
    client.output.pause()
    client.output.removeAllListeners('data')
    for (let turn = 0; turn < 5_000; turn++) client.say('garbage '.repeat(10))
    await vi.waitFor(() => expect(client.output.writableNeedDrain).toBe(true))
    expect(client.output.writableLength + client.output.readableLength).toBeLessThan(20_000)
    expect(client.input.writableLength + client.input.readableLength).toBeGreaterThan(200_000)
  })

  test('a client that breaks off without reading ends what it began, and nothing else', async () => {
    await using set = await stage()
    await using client = talk(serve, set.portcullis, { token: await set.token('bot') })
    await client.begin()
    client.output.pause()
    for (let id = 0; id < 60; id++) client.say({ id, method: 'tools/list' })
    await vi.waitFor(() => expect(client.output.writableNeedDrain).toBe(true))
    client.output.destroy(new Error('EPIPE'))
    await client.served.closed
    expect(client.faults).toEqual([])
  })

  verifies(['EM-01', 'cancelled'], 'a call is cancelled by its client’s message, and by its end', async () => {
    await using set = await stage()
    const signals: AbortSignal[] = []
    set.answer = ({ signal }) => new Promise((resolve) => {
      signals.push(signal)
      signal.addEventListener('abort', () => resolve({ kind: 'not_sent', code: 'cancelled' }))
    })
    await using client = talk(serve, set.portcullis, { token: await set.token('bot') })
    await client.begin()
    client.say({ id: 'a', method: 'tools/call', params: { name: 'psa.list' } })
    client.say({ id: 'b', method: 'tools/call', params: { name: 'psa.list' } })
    await vi.waitFor(() => expect(signals).toHaveLength(2))
    client.say({ id: 'a', method: 'ping' }) // names a request that is not over
    expect(await client.hear(({ id, error }) => id === null && error?.message === 'This request id is in use')).toBeDefined()
    client.say({ method: 'notifications/cancelled', params: { requestId: 'a' } })
    await vi.waitFor(() => expect(signals.filter(({ aborted }) => aborted)).toHaveLength(1))
    expect(await client.ask('ping', {}, 'a')).toMatchObject({ id: 'a', result: {} }) // free again
    client.input.end()
    await client.served.closed
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    await vi.waitFor(async () => expect((await logOf(set.portcullis)).match(/"code":"cancelled"/g)).toHaveLength(2))
    expect(client.said.filter(({ id }) => id === 'a' || id === 'b')).toHaveLength(1)
    expect(client.faults).toEqual([])
  })

  verifies('CH-18', 'requests at the same time are capped', async () => {
    await using set = await stage()
    const gate = Promise.withResolvers<void>()
    set.answer = async () => {
      await gate.promise
      return { kind: 'succeeded', value: { tickets: [] } }
    }
    await using client = talk(serve, set.portcullis, { token: await set.token('bot') }) // has not begun, so that no session caps them
    for (let id = 0; id < 70; id++) client.say({ id, method: 'tools/call', params: { name: 'psa.list' } })
    await vi.waitFor(() => expect(client.said.filter(({ error }) => error?.data?.['code'] === 'shed')).toHaveLength(6))
    gate.resolve()
    await client.hear(({ id }) => id === 63)
  })

  test('what a client says before it hears of its session is said in it', async () => {
    await using set = await everythingServer()
    await using client = talk(serve, set.portcullis, { token: set.token, reach: 'tenant' })
    const [begun, levelled] = await Promise.all([client.begin(), client.ask('logging/setLevel', { level: 'error' })])
    expect([begun.error, levelled.result]).toEqual([undefined, {}])
  })

  verifies('EM-01', 'questions, progress, logs and changes come as in a session', async () => {
    await using set = await everythingServer()
    await using client = talk(serve, set.portcullis, { token: set.token, reach: 'tenant', name: 'mine' })
    expect(await client.begin({ elicitation: {} })).toMatchObject({ result: { protocolVersion: '2025-11-25', serverInfo: { name: 'mine' }, capabilities: { tools: { listChanged: true } } } })
    client.say({ id: 'q', method: 'tools/call', params: { name: 'test_input_required_result_elicitation' } })
    const question = await client.hear(({ method }) => method === 'elicitation/create')
    client.say({ id: question.id, result: { action: 'accept', content: { name: 'Ada' } } })
    expect(await client.hear(({ id, method }) => id === 'q' && method === undefined)).toMatchObject({ result: { content: [{ text: 'Hello, Ada!' }] } })
    await client.ask('logging/setLevel', { level: 'info' })
    await Promise.all([client.ask('tools/call', { name: 'test_logging_tool' }), client.ask('tools/call', { name: 'test_tool_with_progress', _meta: { progressToken: 'p' } })])
    expect(client.said.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params?.['progress'])).toEqual([0, 50, 100])
    expect(client.said.filter(({ method }) => method === 'notifications/message')).toHaveLength(1)
    await client.ask('resources/subscribe', { uri: 'test://watched-resource' })
    client.served.notify('southridge', { kind: 'tools' })
    client.served.notify('northwind', { kind: 'prompts' })
    client.served.notify('northwind', { kind: 'resource', uri: 'test://watched-resource' })
    await client.hear(({ method }) => method === 'notifications/prompts/list_changed')
    await client.hear(({ method, params }) => method === 'notifications/resources/updated' && params?.['uri'] === 'test://watched-resource')
    expect(client.said.some(({ method }) => method === 'notifications/tools/list_changed')).toBe(false)
    expect(await logsOf(set)).toContain('test_logging_tool')
    expect(client.faults).toEqual([])
  })

  test('a message of 2026-07-28 is answered as the line speaks it', async () => {
    await using set = await everythingServer()
    await using client = talk(serve, set.portcullis, { token: set.token, reach: 'tenant' })
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } }
    const discovered = await client.ask('server/discover', { _meta })
    if (line === 'v1') {
      expect(discovered.error).toMatchObject({ code: -32022, data: { supported: expect.arrayContaining(['2025-11-25']), requested: '2026-07-28' } })
      return
    }
    expect(discovered.result).toMatchObject({ supportedVersions: expect.arrayContaining(['2026-07-28']) })
    const asked = await client.ask('tools/call', { name: 'test_input_required_result_elicitation', _meta })
    expect(asked.result).toMatchObject({ resultType: 'input_required', inputRequests: { user_name: { method: 'elicitation/create' } } })
    const { requestState } = asked.result ?? {}
    expect(await client.ask('tools/call', { name: 'test_input_required_result_elicitation', _meta, inputResponses: { user_name: { action: 'accept', content: { name: 'Ada' } } }, ...(requestState === undefined ? {} : { requestState }) })).toMatchObject({ result: { content: [{ text: 'Hello, Ada!' }] } })
    expect((await client.ask('tools/call', { name: 'täst \u{1F600}', _meta })).error).toEqual({ code: -32602, message: 'Unknown tool' })
    expect((await client.ask('no/such\nmethod', { _meta })).error).toMatchObject({ code: -32601 })
    expect((await client.ask('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' } })).error?.code).toBeLessThan(0)
    client.say({ id: 'l', method: 'subscriptions/listen', params: { _meta, notifications: { toolsListChanged: true } } })
    await client.hear(({ method }) => method === 'notifications/subscriptions/acknowledged')
    client.served.notify('northwind', { kind: 'tools' })
    await client.hear(({ method }) => method === 'notifications/tools/list_changed')
    set.pass(901_000)
    client.served.notify('northwind', { kind: 'tools' })
    expect(await client.hear(({ id, method }) => id === 'l' && method === undefined)).toMatchObject({ result: { resultType: 'complete' } }) // rights end, and so does what was listened to
    expect(client.said.filter(({ method }) => method === 'notifications/tools/list_changed')).toHaveLength(1)
    expect(client.faults).toEqual([])
  })
})
