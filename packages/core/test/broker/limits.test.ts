import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { secretStrings, Secret, type SecretValue } from '../../src/secrets/secret.ts'
import { connectorAt, dispatch, hurried } from './stage.ts'

const url = 'http://127.0.0.1:9'
const json = (body: unknown): Response => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })
const oauth = connectorAt(['127.0.0.1:9'], {
  credential: z.object({ clientId: z.string(), clientSecret: z.string() }), authorize: { type: 'oauth2_client_credentials', tokenUrl: () => `${url}/token` },
})
const client = async (): Promise<Secret> => Secret.of({ clientId: 'client-1', clientSecret: 'canary-client-secret' })

/** A vendor whose n-th token is what `grant` says; its API always answers. */
function tokened(grant: (number: number) => object) {
  let granted = 0
  const fetch = async (asked: string | URL | Request): Promise<Response> => (String(asked as URL).endsWith('/token') ? json(grant(++granted)) : json({ ok: true }))
  return { url, connector: oauth, credential: client, options: { ...hurried(), fetch } }
}

verifies('credential_unavailable', 'DOS-01: a token or a header value over 8 KiB is not used', async () => {
  const use = (length: number) => dispatch(tokened(() => ({ access_token: 'x'.repeat(length) })), async ({ vendor }) => vendor.get('/a'))
  expect((await use(8_192)).kind).toBe('succeeded')
  expect(await use(8_193)).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })

  const key = (apiKey: string, prefix = '') =>
    dispatch({ url, connector: connectorAt(['127.0.0.1:9'], { authorize: { type: 'api_key', header: 'authorization', prefix } }), credential: async () => Secret.of({ apiKey }), options: { ...hurried(), fetch: async () => json({}) } }, async ({ vendor }) => vendor.get('/a'))
  expect((await key('x'.repeat(8_192))).kind).toBe('succeeded')
  expect(await key('x'.repeat(8_193))).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  expect(await key('x'.repeat(8_190), 'Key ')).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
})

test('DOS-01: a credential of too many parts, or too long, is not used: all of it is searched for in every answer', async () => {
  const use = (value: SecretValue) => dispatch({ url, connector: connectorAt(['127.0.0.1:9']), credential: async () => Secret.of(value) }, async () => 1)
  const parts = (count: number) => Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [`part${index}`, 'x']))
  expect((await use({ apiKey: 'key', ...parts(64) })).kind).toBe('succeeded')
  expect(await use({ apiKey: 'key', ...parts(65) })).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
  expect(await use({ apiKey: 'key', more: 'x'.repeat(65_536) })).toEqual({ kind: 'not_sent', code: 'credential_unavailable' })
})

test('DOS-01: a vendor that gives a new token for every request is given up after eight', async () => {
  const greedy = tokened((number) => ({ access_token: `token-${number}`, expires_in: 1e-9 }))
  const read = (times: number) => dispatch(greedy, async ({ vendor }) => { for (let turn = 0; turn < times; turn++) await vendor.get('/a'); return times })
  const few = await read(7)
  expect(few.kind === 'succeeded' && secretStrings(few.injected ?? [])).toHaveLength(9)
  expect(await read(8)).toMatchObject({ kind: 'failed', failure: 'unavailable' })
})

test('DOS-04: a listing is at most 8 MiB over all its pages', async () => {
  const all = (pages: number, size: number) => {
    let page = 0
    const fetch = async (): Promise<Response> => json({ id: (page += 1), pad: 'x'.repeat(size - 17) })
    return dispatch({ url, options: { ...hurried(), fetch } }, ({ vendor }) => vendor.all('/a', { as: z.object({ id: z.number() }), items: (body) => [body], next: (_, number) => (number < pages ? { page: number } : undefined) }))
  }
  expect(await all(4, 2 << 20)).toMatchObject({ kind: 'succeeded', value: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }] })
  expect(await all(4, (2 << 20) + 1)).toMatchObject({ kind: 'failed', failure: 'unavailable' })
  expect(await all(9, 1 << 20)).toMatchObject({ kind: 'failed', failure: 'unavailable' })
})
