import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '../../../../test-support/verifies.ts'
import type { Connector, Tool, ToolRun } from '../../src/connectors/connector.ts'
import { defineConnector } from '../../src/connectors/define.ts'
import { customerKey } from '../../src/connectors/marks.ts'
import type { ToolMaker } from '../../src/connectors/tool-spec.ts'
import type { Vendor } from '../../src/connectors/vendor.ts'

const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })

// The author's file of the design, as it stands there.
const halo: Connector = defineConnector({
  id: 'halopsa', title: 'HaloPSA', category: 'psa',
  settings: z.object({ baseUrl: z.url() }),
  credential: z.object({ clientId: z.string(), clientSecret: z.string() }),
  customer: z.number().int(),
  authorize: { type: 'oauth2_client_credentials', tokenUrl: (s) => `${s.baseUrl}/auth/token` },
  hosts: (s) => [new URL(s.baseUrl).host],
  probe: async ({ vendor, signal }) => ((await vendor.get('/status', { signal })) ? 'healthy' : 'broken'),
  records: { ticket: { id: z.number().int(), owner: async ({ id, vendor, signal }) => Ticket.parse(await vendor.get(`/tickets/${id}`, { signal })).client_id } },
  tools: (tool) => ({
    list_tickets: tool({
      title: 'List tickets', description: '…', risk: 'read',
      input: z.object({ status: z.enum(['open', 'closed']).optional() }), output: z.object({ tickets: z.array(Ticket) }),
      run: async ({ input, customer, vendor, signal }) => ({ tickets: await vendor.get('/tickets', { query: { ...input, client_id: customer.key }, signal, as: z.array(Ticket) }) }),
    }),
    close_ticket: tool({
      title: 'Close', description: '…', risk: 'write',
      input: z.object({ id: tool.idOf('ticket'), note: z.string() }), output: z.object({ ticket: Ticket }),
      run: async ({ input, vendor, signal }) => ({ ticket: Ticket.parse(await vendor.post(`/tickets/${input.id}/close`, { body: input, signal })) }),
    }),
  }),
})

const signal = new AbortController().signal
const tickets = [{ id: 1, client_id: 7, summary: 'mine' }, { id: 2, client_id: 8, summary: 'foreign' }]
const asked: unknown[] = []
const vendor = {
  get: async (path: string, request?: { query?: unknown; as?: z.ZodType }) => {
    asked.push([path, request?.query])
    const answer = path === '/tickets' ? tickets : path === '/status' ? { up: true } : tickets.find((ticket) => path === `/tickets/${ticket.id}`)
    return request?.as ? request.as.parse(answer) : answer
  },
  post: async (path: string) => tickets.find((ticket) => path === `/tickets/${ticket.id}/close`),
  all: async () => [],
} as unknown as Vendor
const call = (input: unknown): ToolRun => ({ input, customer: { id: 'acme', key: 7 }, vendor, signal, callId: 'c1' })
const toolOf = (connector: Connector, name: string): Tool => {
  const tool = connector.tools.get(name)
  if (!tool) throw new Error(name)
  return tool
}

describe('the connector of the design', () => {
  verifies('IS-03', 'runs, and its answer is narrowed although the vendor shows everything', async () => {
    const list = toolOf(halo, 'list_tickets')
    const answer = await list.run(call({ status: 'open' }))
    expect(asked.at(-1)).toEqual(['/tickets', { status: 'open', client_id: 7 }])
    expect(list.narrow(answer, 7)).toEqual({ ok: true, value: { tickets: [tickets[0]] }, dropped: 1, keyless: 0 })
  })

  verifies('IS-07', 'a write names its records before it runs, and their owner can be asked', async () => {
    const close = toolOf(halo, 'close_ticket')
    const input = close.input.parse({ id: 2, note: 'done' })
    expect(close.recordsNamed(input)).toEqual([{ record: 'ticket', id: 2 }])
    expect(await halo.records.ticket?.owner({ id: 2, vendor, signal })).toBe(8)
    expect(close.narrow(await close.run(call({ id: 2 })), 7)).toEqual({ ok: false, reason: 'foreign' })
  })

  test('carries what broker and chain need', async () => {
    const settings = { baseUrl: 'https://halo.example:8443' }
    expect(halo.hosts(settings)).toEqual(['halo.example:8443'])
    expect(halo.baseUrl(settings)).toBe('https://halo.example:8443')
    expect(() => halo.baseUrl({})).toThrow('The settings have no baseUrl.')
    expect(halo.authorize.type === 'oauth2_client_credentials' && halo.authorize.tokenUrl(settings)).toBe('https://halo.example:8443/auth/token')
    expect(await halo.probe?.({ vendor, signal })).toBe('healthy')
    expect([...halo.tools.keys()]).toEqual(['list_tickets', 'close_ticket'])
    expect(toolOf(halo, 'list_tickets')).toMatchObject({ name: 'list_tickets', title: 'List tickets', risk: 'read', scope: 'customer', sensitive: false, clear: [] })
    expect(Object.isFrozen(halo) && Object.isFrozen(toolOf(halo, 'list_tickets'))).toBe(true)
  })

  test('advertises closed inputs and unmarked outputs', () => {
    expect(toolOf(halo, 'close_ticket').advertised).toEqual({
      input: { type: 'object', properties: { id: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 }, note: { type: 'string' } }, required: ['id', 'note'], additionalProperties: false },
      output: {
        type: 'object', additionalProperties: false, required: ['ticket'],
        properties: { ticket: { type: 'object', properties: { id: { type: 'number' }, client_id: { type: 'number' }, summary: { type: 'string' } }, required: ['id', 'client_id', 'summary'], additionalProperties: false } },
      },
    })
  })
})

const base = {
  id: 'x', title: 'X', category: 'psa', settings: z.object({ baseUrl: z.string() }), credential: z.object({ apiKey: z.string() }), customer: z.number(),
  authorize: { type: 'api_key' as const, header: 'x-api-key' }, hosts: () => ['x.example'],
}
const records = { ticket: { id: z.number(), owner: async () => 1 } }
const spec = { title: 'T', description: 'D', risk: 'read' as const, input: z.object({}), output: z.object({ tickets: z.array(Ticket) }), run: async () => ({ tickets: [] }) }
const make = (change: object, name = 'list'): Connector =>
  defineConnector({ ...base, records, tools: (tool) => ({ [name]: tool({ ...spec, ...(typeof change === 'function' ? (change(tool) as object) : change) } as typeof spec) }) })
const change = (of: (tool: ToolMaker<number, { ticket: z.ZodNumber }>) => object): object => of

describe('what does not register', () => {
  test.each([
    ['The tool name "List"', {}, 'List'], ['The tool name "__proto"', {}, '__proto'], ['The tool name "a-b"', {}, 'a-b'], [`The tool name "${'a'.repeat(65)}"`, {}, 'a'.repeat(65)],
    ['list.risk must be', { risk: undefined }], ['list.risk must be', { risk: 'harmless' }], ['list.scope must be', { scope: 'all' }], ['list needs a title', { title: '' }], ['list.run must be', { run: 1 }],
    ['list.input must be a z.object', { input: z.object({}).transform(() => 1) }], ['list.output must be a z.object', { output: z.array(Ticket) }], ['list.output must be a z.object', { output: {} }],
    ['list.clear: x is not a field', { clear: ['x'] }],
    ['list.output: $.n: number stands outside every record', { output: z.object({ n: z.number() }) }],
    ['list.output: a customer key has another type', { output: z.object({ rows: z.array(z.object({ c: customerKey(z.string()) })) }) }],
    ['list.input: a customer key has another type', { input: z.object({ c: customerKey(z.string()) }) }],
    ['list.input.at: date is nothing that JSON can carry', { input: z.object({ at: z.date() }) }],
    ['list.input.at: date is nothing that JSON can carry', { input: z.object({ at: z.iso.datetime().pipe(z.coerce.date()) }) }],
    ['list.output.at: date is nothing that JSON can carry', { scope: 'tenant', output: z.object({ at: z.date() }) }],
    ['list.input: a tool of scope tenant has no customer', { scope: 'tenant', input: z.object({ c: customerKey(z.number()) }) }],
    ['list.input: the customer key c must be optional', { scope: 'either', input: z.object({ in: z.object({ c: customerKey(z.number()) }) }) }],
    ['list.input: $.c: .catch', { input: z.object({ c: customerKey(z.number()) }).extend({ c: customerKey(z.number()).catch(1) }) }],
    ['list.input.s: /(a+)+$/ repeats something', { input: z.object({ s: z.string().regex(/(a+)+$/) }) }],
    ['a $ref must stay inside', { input: z.object({ s: z.string().meta({ $ref: 'https://evil.example/schema' }) }) }],
    ['must be made with tool', undefined],
  ])('%s', (sentence, given, name = 'list') => {
    const define = (): Connector => (given ? make(given, name) : defineConnector({ ...base, tools: () => ({ list: spec as never }) }))
    expect(define).toThrow(sentence)
    try {
      define()
    } catch (error) {
      expect(error).toMatchObject({ code: 'connector_invalid' })
      expect((error as Error).message).toMatch(/^[^\n]+\.$/)
    }
  })

  verifies('IS-07', 'CUS-11: a write for customers that names no records does not register, and the sentence says what to do', () => {
    const input = z.object({ id: z.number() })
    for (const risk of ['write', 'destructive']) {
      for (const scope of ['customer', 'either']) expect(() => make({ risk, scope, input })).toThrow(`list.input: a ${risk} tool for customers must say which records it touches: write tool.idOf('…')`)
      expect(() => make({ risk, scope: 'tenant', input })).not.toThrow()
      expect(() => make({ risk, input: z.object({ client: customerKey(z.number()) }) })).not.toThrow()
      expect(() => make(change((tool) => ({ risk, input: z.object({ ids: z.array(tool.idOf('ticket')) }) })))).not.toThrow()
    }
    expect(() => make({ risk: 'read', input })).not.toThrow()
  })

  test('records of other connectors, unknown records and broken defaults', () => {
    expect(() => make(change((tool) => ({ input: z.object({ id: tool.idOf('toString' as 'ticket') }) })))).toThrow("x: tool.idOf('toString') names no record of this connector.")
    let stolen: z.ZodType = z.number()
    make(change((tool) => ((stolen = tool.idOf('ticket')), {})))
    expect(() => defineConnector({ ...base, tools: (tool) => ({ list: tool({ ...spec, input: z.object({ id: stolen }) }) }) })).toThrow('x: list names a record of another connector')
    expect(() => defineConnector({ ...base, settings: z.object({}), tools: () => ({}) })).toThrow('x: without baseUrl: (settings) => … there must be a field baseUrl.')
    expect(() => defineConnector({ ...base, credential: z.object({}), tools: () => ({}) })).toThrow('x: without authorize.value there must be a field apiKey.')
    expect(() => defineConnector({ ...base, authorize: { type: 'oauth2_client_credentials', tokenUrl: () => '' }, tools: () => ({}) })).toThrow('x: without authorize.client there must be a field clientId.')
    expect(() => defineConnector({ ...base, authorize: { type: 'api_key', header: 'x:\n' }, tools: () => ({}) })).toThrow('x: authorize.header is not a header name.')
    expect(() => defineConnector({ ...base, customer: z.string().transform(Number), tools: () => ({}) })).toThrow('x: customer must not be transformed')
    expect(() => defineConnector({ ...base, settings: z.object({ baseUrl: z.string().regex(/(a+)+/) }), tools: () => ({}) })).toThrow('x.settings.baseUrl: /(a+)+/ repeats')
    expect(() => defineConnector({ ...base, id: 'X Y', tools: () => ({}) })).toThrow('The connector id "X Y"')
    expect(() => defineConnector({ ...base, records: { 'a b': records.ticket }, tools: () => ({}) })).toThrow('x: the record name "a b"')
  })

  test('a tool of scope tenant never narrows: asked to, it refuses', () => {
    const tool = toolOf(make({ scope: 'tenant', output: z.object({ n: z.unknown() }) }), 'list')
    expect(tool.narrow({ n: 1 }, 1)).toEqual({ ok: false, reason: 'foreign' })
  })
})

describe('the hash of a tool', () => {
  test('changes with everything that is seen of it, and with nothing else', () => {
    const hash = (changed: object): string => toolOf(make(changed), 'list').hash
    const plain = hash({})
    expect(plain).toMatch(/^[0-9a-f]{64}$/)
    expect(hash({ run: async () => ({ tickets: [{ id: 1, client_id: 1, summary: 'x' }] }) })).toBe(plain)
    expect(hash({ input: z.object({ c: customerKey(z.number()) }) })).toBe(plain)
    const others = [{ title: 'U' }, { description: 'E' }, { risk: 'write', input: z.object({ c: customerKey(z.number()) }) }, { scope: 'either' }, { sensitive: true }, { input: z.object({ a: z.string() }) }, { output: z.object({ rows: z.array(Ticket) }) }]
    expect(new Set([plain, ...others.map(hash)]).size).toBe(others.length + 1)
  })
})
