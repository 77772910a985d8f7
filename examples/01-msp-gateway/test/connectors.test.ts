import { inProcess, Secret, type Connector } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { halo } from '../src/connectors/halo.ts'
import { hudu } from '../src/connectors/hudu.ts'
import { startHalo } from '../src/vendors/halopsa.ts'
import { startHudu } from '../src/vendors/hudu.ts'
import type { Logged, RunningVendor } from '../src/vendors/server.ts'
import { canary, CUSTOMERS, HALO_CLIENT_IDS, HALO_CREDENTIALS, HUDU_COMPANY_IDS, HUDU_CREDENTIALS, MSPS, type Msp } from '../src/vendors/world.ts'

const SEED = 5
const options = { port: 0, seed: SEED, admin: 'admin-of-the-test', rate: 10_000, flaky: 17, slowMs: 0 }
const dispatcher = inProcess()
let vendors: { halopsa: RunningVendor; hudu: RunningVendor }

beforeAll(async () => {
  vendors = { halopsa: await startHalo(options), hudu: await startHudu(options) }
})
afterAll(() => Promise.all([vendors.halopsa.close(), vendors.hudu.close()]))

const keys = { halopsa: HALO_CLIENT_IDS, hudu: HUDU_COMPANY_IDS }
const credentials = { halopsa: HALO_CREDENTIALS, hudu: HUDU_CREDENTIALS }

function contextOf(connector: Connector, msp: Msp) {
  const vendor = connector.id as 'halopsa' | 'hudu'
  return {
    callId: `call-${msp}`, tenant: msp, instance: `${msp}-${vendor}`, connector, settings: { baseUrl: vendors[vendor].url }, credential: async () => Secret.of(credentials[vendor][msp]),
    authorization: { configurationVersion: 1 }, deadlineMs: 10_000, startBy: Infinity, signal: new AbortController().signal,
  }
}

/** Runs a tool and narrows its answer as gate 13 does; the rest of the chain is not here. */
async function call(connector: Connector, msp: Msp, name: string, args: object, customer?: (typeof CUSTOMERS)[number]['slug']) {
  const tool = connector.tools.get(name)
  if (tool === undefined) throw new Error(name)
  const key = customer === undefined ? undefined : keys[connector.id as 'halopsa' | 'hudu'][customer]
  const filled = tool.fill(args, key)
  if (!filled.ok) throw new Error(filled.field)
  const input: unknown = Object.freeze(tool.input.parse(filled.value))
  const answer = await dispatcher.dispatch({ ...contextOf(connector, msp), tool, input, customer: customer === undefined || key === undefined ? undefined : { id: customer, key } })
  if (answer.kind !== 'succeeded') return { answer, raw: '', narrowed: undefined }
  return { answer, raw: JSON.stringify(answer.value), narrowed: key === undefined ? undefined : tool.narrow(answer.value, key) }
}

const log = async (vendor: 'halopsa' | 'hudu') => ((await (await fetch(`${vendors[vendor].url}/__log`, { headers: { 'x-admin': options.admin } })).json()) as { requests: Logged[] }).requests

test.each([['halopsa', halo, 'list_tickets', 'tickets', 40], ['hudu', hudu, 'list_articles', 'articles', 30]] as const)('IS-03: %s sends the whole MSP, and only the customer\'s records are left', async (_, connector, name, field, each) => {
  for (const msp of MSPS) {
    for (const { slug } of CUSTOMERS) {
      const { raw, narrowed } = await call(connector, msp, name, {}, slug)
      for (const other of CUSTOMERS) expect(raw).toContain(canary(SEED, msp, other.slug))
      const left = narrowed?.ok === true ? (narrowed.value as Record<string, unknown>) : {}
      const found = new Set(JSON.stringify(left).match(/canary-[a-z]+-[a-z]+-[0-9a-f]{8}/g))
      expect([...found]).toEqual([canary(SEED, msp, slug)])
      expect([(left[field] as unknown[]).length, left['count']]).toEqual([each, each])
    }
  }
})

verifies('IS-07', 'the owner of a record is what the vendor says; the other MSP\'s record of the same id is another record', async () => {
  const owner = (connector: Connector, record: string, id: number) => dispatcher.owner({ ...contextOf(connector, 'northwind'), record, id })
  expect(await owner(halo, 'ticket', 1001)).toEqual({ kind: 'owner', key: 11 })
  expect(await owner(halo, 'ticket', 1002)).toEqual({ kind: 'owner', key: 12 })
  expect(await owner(halo, 'ticket', 999_999)).toEqual({ kind: 'owner', key: undefined })
  expect(await owner(hudu, 'article', 501)).toEqual({ kind: 'owner', key: 1 })
  expect(await owner(hudu, 'article', 999_999)).toEqual({ kind: 'owner', key: undefined })
})

test('a single record of somebody else is withheld whole', async () => {
  expect((await call(halo, 'northwind', 'get_ticket', { id: 1002 }, 'acme')).narrowed).toEqual({ ok: false, reason: 'foreign' })
  expect((await call(halo, 'northwind', 'get_ticket', { id: 1001 }, 'acme')).narrowed).toMatchObject({ ok: true, value: { ticket: { id: 1001, client_id: 11 } } })
  expect((await call(hudu, 'northwind', 'get_article', { id: 502 }, 'acme')).narrowed).toEqual({ ok: false, reason: 'foreign' })
})

test('writes reach the right MSP and say what they did', async () => {
  expect((await call(halo, 'northwind', 'close_ticket', { id: 1004 }, 'acme')).narrowed).toMatchObject({ ok: true, value: { ticket: { id: 1004, status_id: 9 } } })
  expect((await call(halo, 'northwind', 'add_note', { id: 1004, note: 'Called back' }, 'acme')).narrowed).toMatchObject({ ok: true })
  expect((await call(halo, 'northwind', 'delete_ticket', { id: 1007 }, 'acme')).narrowed).toMatchObject({ ok: true, value: { deleted: { id: 1007 } } })
  expect((await call(halo, 'northwind', 'get_ticket', { id: 1007 }, 'acme')).answer).toMatchObject({ kind: 'failed', failure: 'not_found', sent: false })
  expect((await call(halo, 'southridge', 'get_ticket', { id: 1007 }, 'acme')).narrowed).toMatchObject({ ok: true })
  expect((await call(hudu, 'southridge', 'create_article', { name: 'New', content: 'text' }, 'globex')).narrowed).toMatchObject({ ok: true, value: { article: { company_id: 2, name: 'New' } } })
  expect((await call(hudu, 'southridge', 'archive_article', { id: 502 }, 'globex')).narrowed).toMatchObject({ ok: true, value: { article: { id: 502, archived: true } } })
  const posts = (await log('halopsa')).filter(({ method, msp }) => method === 'POST' && msp !== null)
  expect(posts.map(({ msp, path, body, status }) => [msp, path, body, status])).toEqual([
    ['northwind', '/api/Tickets', [{ id: 1004, status_id: 9 }], 201], ['northwind', '/api/Actions', [{ ticket_id: 1004, note: 'Called back' }], 201], ['northwind', '/api/Tickets/delete', [{ id: 1007 }], 200],
  ])
})

test('the customer of a new article is written by the gateway and refused from callers', () => {
  const tool = hudu.tools.get('create_article')
  expect(tool?.fill({ company_id: 2, name: 'a', content: '' }, 1)).toEqual({ ok: false, field: expect.stringContaining('company_id') })
  expect(JSON.stringify(tool?.advertised.input)).not.toContain('company_id')
})

test('totals are of the whole MSP, for whole-tenant requests only', async () => {
  expect(halo.tools.get('ticket_totals')?.scope).toBe('tenant')
  const { answer } = await call(halo, 'southridge', 'ticket_totals', {})
  expect(answer).toMatchObject({ kind: 'succeeded', value: { tickets: 120, customers: [{ client_id: 11, tickets: 40 }, { client_id: 12, tickets: 40 }, { client_id: 13, tickets: 40 }] } })
})

verifies('SE-03', 'no credential is in anything the vendors logged, and the log is not for everybody', async () => {
  for (const vendor of ['halopsa', 'hudu'] as const) {
    const requests = await log(vendor)
    expect(requests.length).toBeGreaterThan(10)
    expect(JSON.stringify(requests)).not.toMatch(/canary-(halo|hudu)/)
    expect((await fetch(`${vendors[vendor].url}/__log`)).status).toBe(404)
  }
})

test('a wrong credential opens nothing', async () => {
  const job = { ...contextOf(hudu, 'northwind'), record: 'article', id: 501 }
  expect(await dispatcher.owner({ ...job, credential: async () => Secret.of({ apiKey: 'wrong-api-key' }) })).toMatchObject({ kind: 'failed', failure: 'forbidden' })
  expect(await dispatcher.owner({ ...contextOf(halo, 'northwind'), credential: async () => Secret.of({ clientId: 'x', clientSecret: 'y' }), record: 'ticket', id: 1001 })).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
})
