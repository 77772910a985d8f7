import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { InFlight } from '../../src/quotas/in-flight.ts'
import { Stage } from '../fixtures/stage.ts'
import { tokenOf } from '../fixtures/world.ts'

describe('asking a vendor for owners', () => {
  verifies(['CH-18', 'IS-07'], 'thousands of parallel writes on somebody else’s record are few questions and two records', async () => {
    await using stage = await Stage.open()
    const before = (await stage.log()).length
    const outcomes = await Promise.all(Array.from({ length: 3_000 }, (_, id) => stage.call({ tool: 'psa.note', arguments: { id: 1_000 + id } })))
    expect(new Set(outcomes.map((outcome) => 'code' in outcome && outcome.code))).toEqual(new Set(['customer_out_of_scope', 'shed']))
    expect(stage.vendor.asked.length).toBeLessThanOrEqual(128)
    expect((await stage.log()).length - before).toBe(2)
  })

  verifies('CH-18', 'whoever is refused after the owner was asked for, over and over, asks no more for a while', async () => {
    await using stage = await Stage.open()
    await stage.change('north', (tenant) => ({ ...tenant, limits: { ...tenant.limits, included: 0, overage: false } }))
    for (let round = 0; round < 200; round++) await stage.call({ tool: 'psa.note', arguments: { id: 1 } })
    expect(stage.vendor.asked.length).toBeLessThanOrEqual(31)
    expect((await stage.log()).length).toBeLessThan(10)
  })

  test('what is under way is counted for each key, and forgotten when it ends, however it ends', async () => {
    const desk = new InFlight(1)
    let finish = (): void => undefined
    const first = desk.run('a', () => new Promise<string>((resolve) => { finish = () => resolve('done') }))
    expect(await desk.run('a', async () => 'second')).toBeUndefined()
    expect(await desk.run('b', async () => 'other')).toBe('other')
    finish()
    expect(await first).toBe('done')
    await expect(desk.run('a', async () => { throw new Error('broke') })).rejects.toThrow('broke')
    expect(await desk.run('a', async () => 'again')).toBe('again')
  })
})

describe('records of lists and refusals', () => {
  verifies('CH-15', 'many lists at once are one record, durable before the first of them is answered', async () => {
    await using stage = await Stage.open()
    const request = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    await Promise.all(Array.from({ length: 200 }, () => stage.portcullis.list(request)))
    expect((await stage.log()).filter(({ kind }) => kind === 'list')).toHaveLength(1)
  })

  verifies('IS-05', 'every customer that cannot be reached is a security event, and none hides behind another', async () => {
    await using stage = await Stage.open()
    const at = (customer: string, claims: Readonly<Record<string, unknown>>): Promise<unknown> => stage.call({ token: tokenOf('operator', { claims }), endpoint: { kind: 'customer', customer } })
    for (const customer of ['globex', 'invented', 'shut']) expect(await at(customer, { customer: 'acme' })).toMatchObject({ code: 'customer_not_found' })
    expect((await stage.log()).filter(({ kind }) => kind === 'refusal').map(({ security }) => security)).toEqual([true])
  })
})
