import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { hold, vote, wipe, withStage } from '../fixtures/asking.ts'
import { bytesOf } from '../fixtures/stage.ts'
import { tokenOf } from '../fixtures/world.ts'

describe('who sees an approval', () => {
  verifies(['CH-03', 'IS-01'], 'its requester, with a token that reaches the customer; narrowed to another it is as if invented', () => withStage(async (stage) => {
    const id = await hold(stage)
    const read = (claims: Readonly<Record<string, unknown>>): Promise<unknown> => stage.portcullis.approvals.read({ token: tokenOf('operator', { claims }) }, id)
    expect(await read({ customer: 'acme' })).toMatchObject({ kind: 'approval', customer: 'acme' })
    const invented = bytesOf(await stage.portcullis.approvals.read({ token: tokenOf('operator') }, 'apr_invented'))
    expect(bytesOf(await read({ customer: 'globex' }))).toBe(invented)
    expect(bytesOf(await read({ roles: [] }))).not.toBe(invented) // roles say what may be done, not who asked
  }))

  verifies('RO-07', 'whoever keeps the service account that asked, as long as a binding covers the customer', () => withStage(async (stage) => {
    const id = await hold(stage, { ...wipe, token: await stage.service('bot') })
    const read = (): Promise<unknown> => stage.portcullis.approvals.read({ token: tokenOf('admin') }, id)
    expect(await read()).toMatchObject({ kind: 'approval', state: 'pending' })
    await stage.account('admin', (before) => (before.kind === 'human' ? { ...before, bindings: [] } : before))
    expect(await read()).toMatchObject({ code: 'not_found' })
  }))

  verifies('CH-05', 'nobody votes in a suspended tenant; in a read-only one they do', () => withStage(async (stage) => {
    const id = await hold(stage)
    await stage.change('north', (before) => ({ ...before, subscription: 'suspended' }))
    expect(await vote(stage, id, 'admin')).toMatchObject({ kind: 'denial', gate: 'subscription', code: 'subscription_suspended' })
    await stage.change('north', (before) => ({ ...before, subscription: 'read_only' }))
    expect(await vote(stage, id, 'admin')).toMatchObject({ state: 'granted' })
  }))
})
