import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { secretOf } from '../../mcp/test/world.ts'
import { FailureLimit } from '../src/failure-limit.ts'
import { bytes, served, type Served } from './served.ts'

const url = 'https://mcp.example.com'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const ask = (set: Served, form: Record<string, string> | string, headers: Record<string, string> = {}, path = '/oauth/token') =>
  set.ask('POST', path, { headers: { ...FORM, ...headers }, body: typeof form === 'string' ? form : new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString() })
const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${encodeURIComponent(user)}:${encodeURIComponent(password)}`).toString('base64')}` })
const token = async (response: Response): Promise<Record<string, unknown>> => {
  const body = (await response.json()) as Record<string, unknown>
  expect(response.status, JSON.stringify(body)).toBe(200)
  return JSON.parse(Buffer.from(String(body['access_token']).split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
}

verifies('ID-04', 'a shown-once secret is exchanged for a token, in the body or by HTTP Basic', async () => {
  await using set = await served()
  const { secret, keyId } = secretOf('bot')
  const response = await ask(set, { client_secret: secret })
  expect([response.status, response.headers.get('cache-control'), response.headers.get('pragma')]).toEqual([200, 'no-store', 'no-cache'])
  const body = (await response.json()) as { access_token: string }
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: '*' })
  expect((await set.rpc('/mcp', body.access_token, 'tools/list')).status).toBe(200)
  for (const good of [ask(set, { client_id: keyId, client_secret: secret }), ask(set, {}, basic(keyId, secret)), ask(set, {}, basic('', secret)), ask(set, { client_id: keyId }, basic(keyId, secret))]) expect(await token(await good)).toMatchObject({ sub: 'bot', tid: 'northwind' })
})

verifies('CH-03', 'a token is narrowed to a customer by our parameter or by the endpoint it is for (RFC 8707)', async () => {
  await using set = await served()
  const { secret } = secretOf('admin')
  const asked = (form: Record<string, string>) => ask(set, { client_secret: secret, ...form })
  for (const form of [{ customer: 'acme' }, { resource: `${url}/mcp/customers/acme` }, { resource: `${url}/mcp/customers/%61cme`, customer: 'acme' }, { resource: url, customer: 'acme' }, { resource: `${url}/mcp`, customer: 'acme' }] as Record<string, string>[]) expect(await token(await asked(form))).toMatchObject({ customer: 'acme' })
  for (const form of [{}, { resource: url }, { resource: `${url}/` }, { resource: `${url}/mcp` }, { resource: `${url}/mcp/tenant` }, { customer: '' }] as Record<string, string>[]) expect(await token(await asked(form))).not.toHaveProperty('customer')
  for (const form of [{ resource: 'https://other.example' }, { resource: `${url}/mcp/customers/acme`, customer: 'globex' }, { resource: `${url}/mcp/tenant`, customer: 'acme' }, { resource: `${url}.evil.example/mcp` }, { resource: `${url}/mcp#x` }] as Record<string, string>[]) {
    const response = await asked(form)
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid_target' }])
  }
  expect(await (await asked({ customer: 'a,b' })).json()).toEqual({ error: 'invalid_request' })
})

test('scopes narrow, and never widen', async () => {
  await using set = await served()
  const { secret } = secretOf('narrow')
  expect(await token(await ask(set, { client_secret: secret, scope: 'tool:psa.list' }))).toMatchObject({ scope: 'tool:psa.list' })
  for (const scope of ['tool:psa.wipe', 'tool:psa.list *', 'tool:psa.list  tool:psa.close', '*']) {
    const response = await ask(set, { client_secret: secret, scope })
    expect([response.status, await response.json()], scope).toEqual([400, { error: 'invalid_scope' }])
  }
})

test('AUT-18: whatever is wrong with the client, the answer is the same bytes', async () => {
  await using set = await served()
  const { secret, keyId } = secretOf('bot')
  const other = secretOf('viewer')
  const wrong = [
    ask(set, { client_secret: `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}` }), ask(set, { client_secret: 'x' }), ask(set, { client_secret: 'pcs_test_0000000000_x_y' }), ask(set, {}),
    ask(set, { client_id: other.keyId, client_secret: secret }), ask(set, {}, basic(other.keyId, secret)), ask(set, {}, basic(keyId, 'x')), ask(set, {}, { authorization: 'Basic !' }), ask(set, {}, { authorization: `Bearer ${secret}` }),
  ]
  const told = await Promise.all(wrong.map(async (response) => bytes(await response)))
  expect(new Set(told).size).toBe(1)
  expect(told[0]).toMatch(/^\[401,.*www-authenticate.*Basic.*invalid_client/)
})

test('AUT-16: malformed requests are refused by the codes of RFC 6749, and a secret in the query is one', async () => {
  await using set = await served()
  const { secret } = secretOf('bot')
  const error = async (response: Promise<Response>) => [(await response).status, ((await (await response).json()) as { error: string }).error]
  expect(await error(ask(set, {}, {}, `/oauth/token?client_secret=${secret}`))).toEqual([400, 'invalid_request'])
  expect(await error(ask(set, { client_secret: secret, grant_type: 'password' }))).toEqual([400, 'unsupported_grant_type'])
  expect(await error(ask(set, `client_secret=${secret}`))).toEqual([400, 'invalid_request'])
  expect(await error(ask(set, `grant_type=client_credentials&client_secret=${secret}&scope=a&scope=b`))).toEqual([400, 'invalid_request'])
  expect(await error(ask(set, { client_secret: secret }, basic('', secret)))).toEqual([400, 'invalid_request'])
  expect(await error(ask(set, { client_secret: secret, padding: 'x'.repeat(20_000) }))).toEqual([400, 'invalid_request'])
  expect(await error(ask(set, JSON.stringify({ client_secret: secret }), { 'content-type': 'application/json' }))).toEqual([400, 'invalid_request'])
})

/** Another secret of this key id, with a checksum that is right. */
function guessOf(keyId: string, body = 'A'.repeat(43)): string {
  const front = `pcs_test_${keyId}_${body}`
  let rest = crc32(front) >>> 0
  let digits = ''
  for (let at = 0; at < 6; at++, rest = Math.floor(rest / 62)) digits = `${'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[rest % 62]}${digits}`
  return `${front}_${digits}`
}

test('AUT-18: guessing at one key id is slowed down, at the same cost whether it exists or not, and never locks out who has the secret', async () => {
  await using set = await served()
  const { keyId } = secretOf('bot')
  for (const id of [keyId, '0123456789']) {
    const guess = () => ask(set, { client_secret: guessOf(id) })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 12; attempt++) statuses.push((await guess()).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429])
    expect(Number((await guess()).headers.get('retry-after'))).toBeGreaterThan(0)
  }
  for (const account of ['bot', 'viewer'] as const) expect((await ask(set, { client_secret: secretOf(account).secret })).status).toBe(200)
})

test('AUT-18, DOS-02: what is no secret counts against no key id, and any number of failures locks out nobody', async () => {
  await using set = await served()
  const { keyId, secret } = secretOf('bot')
  for (const garbage of [`x_x_${keyId}_x`, `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`, guessOf(keyId).slice(0, -1)]) {
    for (let attempt = 0; attempt < 12; attempt++) expect((await ask(set, { client_secret: garbage })).status).toBe(401)
  }
  expect((await ask(set, { client_secret: guessOf(keyId) })).status).toBe(401)
  let status = 401
  for (let attempt = 0; status === 401; attempt++) ({ status } = await ask(set, { client_secret: `x_x_k${attempt}_x` }))
  expect(status).toBe(429)
  for (const account of ['bot', 'rival'] as const) expect((await ask(set, { client_secret: secretOf(account).secret })).status).toBe(200)
}, 30_000)

test('failures are forgiven with time', () => {
  let now = 0
  const limit = new FailureLimit(() => now)
  for (let attempt = 0; attempt < 10; attempt++) expect(limit.failed('a')).toBe(0)
  for (let attempt = 0; attempt < 1_000; attempt++) expect(limit.failed('a')).toBe(6) // who keeps failing waits no longer for it
  expect(limit.failed('b')).toBe(0)
  now = 6_000
  expect([limit.failed('a'), limit.failed('a')]).toEqual([0, 6])
  for (let at = 0; at < 6_000; at++) limit.failed(undefined)
  expect(limit.failed('new')).toBeGreaterThan(0)
  now += 60_000
  expect(limit.failed('new')).toBe(0)
})
