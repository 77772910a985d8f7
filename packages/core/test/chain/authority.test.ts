import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Request } from '../../src/call.ts'
import { Stage } from '../fixtures/stage.ts'
import { SECRETS } from '../fixtures/world.ts'

const authority = async (stage: Stage, request: Request): Promise<string> => {
  const opened = await stage.portcullis.open(request)
  if (opened.kind !== 'open') throw new Error(JSON.stringify(opened))
  return opened.authority
}

test('SES-02: whatever token or endpoint narrow makes another authority; a new token of the same rights has the same', async () => {
  await using stage = await Stage.open()
  const token = (claims: object = {}, subject = 'operator'): string => stage.token(subject, { claims: { ...claims } })
  const bot = async (more: object = {}): Promise<string> => {
    const exchanged = await stage.portcullis.exchange({ secret: SECRETS.north.narrowbot.secret, ...more })
    return exchanged.kind === 'token' ? exchanged.token : exchanged.error
  }
  const requests: Request[] = [
    { token: token() }, { token: token({ customer: 'acme' }) }, { token: token({ customer: 'globex' }) }, { token: token({ scope: 'tool:psa.list' }) }, { token: token({ scope: '' }) }, { token: token({ roles: ['tenant_operator'] }) },
    { token: token({ roles: [] }) }, { token: token({ sid: 's1' }) }, { token: token({ act: { sub: 'desk' } }) }, { token: token({ act: { sub: 'desk-whole' } }) }, { token: token({}, 'admin') },
    { token: stage.token('operator', { tenant: 'south' }) }, { token: token(), endpoint: { kind: 'tenant' } }, { token: token(), endpoint: { kind: 'customer', customer: 'acme' } }, { token: token(), endpoint: { kind: 'customer', customer: 'globex' } },
    { token: await bot() }, { token: await bot({ customer: 'acme' }) }, { token: await bot({ scopes: ['tool:psa.list'] }) },
  ]
  const all = await Promise.all(requests.map((request) => authority(stage, request)))
  expect(new Set(all).size).toBe(all.length)
  expect(await authority(stage, { token: token(), endpoint: { kind: 'plain' } })).toBe(all[0])
  expect(await authority(stage, { token: await bot() })).toBe(all[15])
  expect(await authority(stage, { token: token({ scope: 'b a' }) })).toBe(await authority(stage, { token: token({ scope: 'a b' }) }))
})

verifies(['CH-03', 'customer_not_found', 'shed'], 'nothing is begun for a caller whom gate 3 would refuse, and floods are shed', async () => {
  await using stage = await Stage.open()
  const token = stage.token('acme_viewer')
  const begin = (customer: string) => stage.portcullis.begin({ token, endpoint: { kind: 'customer', customer } })
  expect(await begin('invented')).toMatchObject({ kind: 'denial', gate: 'customer', code: 'customer_not_found' })
  expect(await begin('globex')).toMatchObject({ kind: 'denial', gate: 'customer', code: 'customer_not_found' })
  expect(await begin('acme')).toMatchObject({ kind: 'open', tenant: 'north', principal: 'acme_viewer' })
  const flood = await Promise.all(Array.from({ length: 1_000 }, () => begin('acme')))
  expect(flood.at(-1)).toMatchObject({ kind: 'denial', gate: 'ingress', code: 'shed', retryAfter: 60 })
})
