import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Connector } from '../../src/connectors/connector.ts'
import { inProcess } from '../../src/broker/in-process.ts'
import { Secret, secretStrings } from '../../src/secrets/secret.ts'
import { closedPort, connectorAt, dispatch, hurried, json, vendorServer, type Seen } from './stage.ts'

const credential = { clientId: 'client-1', clientSecret: 'canary-client-secret-55aa' }
const oauth = (hosts: string[], over: Partial<Connector> = {}) =>
  connectorAt(hosts, { credential: z.object({ clientId: z.string(), clientSecret: z.string() }), authorize: { type: 'oauth2_client_credentials', tokenUrl: (settings) => `${(settings as { baseUrl: string }).baseUrl}/auth/token`, scope: 'all' }, ...over })

/** A vendor with a token endpoint; `valid` says which tokens its API takes. */
async function oauthServer(valid: (token: string) => boolean = () => true, grant: (number: number) => object = (number) => ({ access_token: `canary-token-${number}`, token_type: 'bearer', expires_in: 100 })) {
  let granted = 0
  const server = await vendorServer((seen, response) => {
    if (seen.url === '/auth/token') return json(response, grant(++granted))
    const token = (seen.headers.authorization ?? '').slice('Bearer '.length)
    return valid(token) ? json(response, { token }) : json(response, {}, 401)
  })
  const tokenRequests = (): Seen[] => server.seen.filter(({ url }) => url === '/auth/token')
  return { ...server, tokenRequests }
}

const staged = (server: { url: string; host: string }, over: object = {}) => ({ url: server.url, connector: oauth([server.host]), credential: async () => Secret.of(credential), ...over })

verifies('CH-11', 'a token is asked for once, used as a bearer, and never seen by connector code', async () => {
  const server = await oauthServer()
  const dispatcher = inProcess(hurried())
  const answers = await Promise.all(Array.from({ length: 20 }, () => dispatch(staged(server, { dispatcher }), async ({ vendor, ...call }) => { await vendor.get('/a'); return JSON.stringify(call) + Object.keys(vendor).join() })))
  expect(answers.every((answer) => answer.kind === 'succeeded' && !/canary/.test(String(answer.value)))).toBe(true)
  expect(server.tokenRequests().map(({ method, body, headers }) => [method, body, headers['content-type']])).toEqual([['POST', 'grant_type=client_credentials&client_id=client-1&client_secret=canary-client-secret-55aa&scope=all', 'application/x-www-form-urlencoded']])
  expect(server.seen.filter(({ url }) => url === '/a').every(({ headers }) => headers.authorization === 'Bearer canary-token-1')).toBe(true)
})

test('what was injected is told for the echo scan, as secrets', async () => {
  const server = await oauthServer()
  const answer = await dispatch(staged(server), ({ vendor }) => vendor.get('/a'))
  expect(answer.kind === 'succeeded' && secretStrings(answer.injected ?? [])).toEqual([credential.clientSecret, 'canary-token-1'])
  expect(JSON.stringify(answer.kind === 'succeeded' && answer.injected)).not.toContain('canary')
})

test('a token lasts nine tenths of its life, on the monotonic clock', async () => {
  const server = await oauthServer()
  let now = 1_000
  const dispatcher = inProcess({ ...hurried(), monotonic: () => now })
  const token = async () => { const answer = await dispatch(staged(server, { dispatcher }), ({ vendor }) => vendor.get('/a')); return answer.kind === 'succeeded' ? answer.value : answer }
  expect(await token()).toEqual({ token: 'canary-token-1' })
  now += 89_999
  expect(await token()).toEqual({ token: 'canary-token-1' })
  now += 1
  expect(await token()).toEqual({ token: 'canary-token-2' })
})

verifies('SE-01', 'tenants, instances, configurations and credentials never share a token', async () => {
  const server = await oauthServer()
  const dispatcher = inProcess(hurried())
  const variants = [{}, { tenant: 'other' }, { instance: 'inst_2' }, { authorization: { configurationVersion: 2 } }, { credential: async () => Secret.of({ ...credential, clientSecret: 'rotated-secret' }) }, {}]
  const tokens: unknown[] = []
  for (const variant of variants) {
    const answer = await dispatch(staged(server, { dispatcher, ...variant }), async ({ vendor }) => ((await vendor.get('/a')) as { token: string }).token)
    tokens.push(answer.kind === 'succeeded' && answer.value)
  }
  expect(tokens).toEqual([1, 2, 3, 4, 5, 1].map((number) => `canary-token-${number}`))
})

test('a token that the vendor no longer takes is renewed once for a read, also by many at once, and never for a write', async () => {
  const server = await oauthServer((token) => token !== 'canary-token-1')
  const dispatcher = inProcess(hurried())
  const answers = await Promise.all(Array.from({ length: 8 }, () => dispatch(staged(server, { dispatcher }), ({ vendor }) => vendor.get('/a'))))
  expect(answers.every((answer) => answer.kind === 'succeeded' && (answer.value as { token: string }).token === 'canary-token-2')).toBe(true)
  expect(server.tokenRequests()).toHaveLength(2)

  const never = await oauthServer(() => false)
  expect(await dispatch(staged(never), ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'failed', failure: 'forbidden', sent: false })
  expect([never.tokenRequests().length, never.seen.length]).toEqual([2, 4])

  const writes = await oauthServer((token) => token !== 'canary-token-1')
  const writer = inProcess(hurried())
  expect(await dispatch(staged(writes, { dispatcher: writer }), ({ vendor }) => vendor.post('/a'))).toMatchObject({ kind: 'failed', failure: 'forbidden', sent: false })
  expect(await dispatch(staged(writes, { dispatcher: writer }), ({ vendor }) => vendor.post('/a'))).toMatchObject({ kind: 'succeeded' })
  expect(writes.seen.filter(({ url }) => url === '/a')).toHaveLength(2)
})

test.each([400, 401, 403])('credential_unavailable: a token endpoint that answers %i, and the tool does not begin', async (status) => {
  const server = await vendorServer((_, response) => json(response, {}, status))
  let began = false
  expect(await dispatch(staged(server), async () => { began = true })).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  expect(began).toBe(false)
})

verifies('connector_failed', 'a token endpoint that is down, redirects or answers nonsense; the next call asks again', async () => {
  const grants = [{}, { access_token: 7 }, { access_token: 'a b' }, { access_token: 'x', token_type: 'mac' }, { access_token: 'x', expires_in: -1 }, { access_token: 'fine' }]
  const server = await oauthServer(() => true, (number) => grants[number - 1] as object)
  const dispatcher = inProcess(hurried())
  for (const _ of grants.slice(1)) expect(await dispatch(staged(server, { dispatcher }), ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'not_sent', code: 'connector_failed' })
  expect(await dispatch(staged(server, { dispatcher }), ({ vendor }) => vendor.get('/a'))).toMatchObject({ kind: 'succeeded', value: { token: 'fine' } })
  const other = await oauthServer()
  const redirecting = await vendorServer((_, response) => void response.writeHead(307, { location: `${other.url}/auth/token` }).end())
  expect(await dispatch(staged(redirecting), ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'not_sent', code: 'connector_failed' })
  expect(other.seen).toEqual([])
  const url = await closedPort()
  expect(await dispatch(staged({ url, host: new URL(url).host }), async () => 0)).toEqual({ kind: 'not_sent', code: 'connector_failed' })
})

verifies('endpoint_forbidden', 'a token endpoint on a host the connector does not name gets no secret', async () => {
  const other = await oauthServer()
  const server = await vendorServer((_, response) => json(response, {}))
  const connector = oauth([server.host], { authorize: { type: 'oauth2_client_credentials', tokenUrl: () => `${other.url}/auth/token` } })
  expect(await dispatch(staged(server, { connector }), ({ vendor }) => vendor.get('/a'))).toEqual({ kind: 'not_sent', code: 'endpoint_forbidden' })
  expect(other.seen).toEqual([])
})
