import { describe, expect } from 'vitest'
import { z } from 'zod'
import { verifies } from '@portcullis/test-support'
import { inProcess } from '../../src/broker/in-process.ts'
import type { Call } from '../../src/call.ts'
import { ask } from '../../src/connectors/round.ts'
import { selfConnector } from '../../src/connectors/self.ts'
import { createPortcullis } from '../../src/create.ts'
import type { AdmitItem, CompleteItem } from '../../src/ledger/item.ts'
import type { Outcome } from '../../src/outcome.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import { sealAnswer } from '../../src/secrets/sealed-answer.ts'
import { psa, rmm } from '../fixtures/psa.ts'
import { bytesOf, Stage } from '../fixtures/stage.ts'
import { keys, tenantOf, URL_, worldOf } from '../fixtures/world.ts'
import { ownInstance } from '../../src/memory/own-instance.ts'

const question = { which: { method: 'elicitation/create', params: { message: 'Which?' } } } as const
let runs = 0
let drawn = 0
const own = selfConnector({
  title: 'Own',
  tools: {
    say: { risk: 'write', description: 'Says as much as it is told.', input: z.object({ size: z.number() }), run: async ({ input }) => { runs += 1; return { content: [{ type: 'text', text: 'x'.repeat((input as { size: number }).size) }] } } },
    pick: { risk: 'write', description: 'Asks, then does.', input: z.object({}), run: async ({ round }) => { runs += 1; return round?.state === undefined ? ask(question, { step: 1 }) : { content: [{ type: 'text', text: `run ${runs}` }] } } },
    draw: { risk: 'write', description: 'Has a default that is never the same.', input: z.object({ draw: z.number().default(() => (drawn += 1)) }), run: async () => { runs += 1; return { content: [] } } },
  },
})

async function staged(work: (stage: Stage) => Promise<void>): Promise<void> {
  runs = 0
  const before = tenantOf('north')
  const north = {
    ...before, entitlements: { ...before.entitlements, self: 'entitled' as const },
    instances: { ...before.instances, self: ownInstance() },
  }
  await using stage = await Stage.open({ north, connectors: [psa, rmm, own], more: { dispatcher: inProcess({ monotonic: () => 0 }) } })
  await work(stage)
}

const wide = { endpoint: { kind: 'tenant' }, idempotencyKey: 'SECRET-KEY-7' } as const
const note: Partial<Call> = { tool: 'psa.note', arguments: { id: 1, text: 'PRIVATE' }, idempotencyKey: 'SECRET-KEY-7' }

/** Stands before the ledger of every tenant, from the next opening of its door on. */
function through(stage: Stage, change: (ledger: Ledger) => Partial<Ledger>): void {
  const inner = stage.storage.tenant
  stage.storage.tenant = async (id) => {
    const door = await inner(id)
    return { ...door, ledger: { ...door.ledger, ...change(door.ledger) } }
  }
}

describe('what is kept', () => {
  verifies(['idempotency_conflict', 'CH-14'], 'an answer that is too large to keep was given once; the repeat says that it is done', () => staged(async (stage) => {
    const say = (size: number): Promise<Outcome> => stage.call({ ...wide, tool: 'say', arguments: { size }, idempotencyKey: `of ${size}`.replace(' ', '-') })
    const kept = async (size: number): Promise<boolean> => {
      const first = await say(size)
      const again = await say(size)
      if (again.kind === 'result') expect(bytesOf(again)).toBe(bytesOf(first))
      else expect([first.kind, again]).toEqual(['result', expect.objectContaining({ gate: 'dispatch', code: 'idempotency_conflict', effect: 'done', retryable: false })])
      return again.kind === 'result'
    }
    let [most, least] = [1_000, 65_536]
    expect([await kept(most), await kept(least), await kept(900_000)]).toEqual([true, false, false])
    while (least - most > 1) {
      const size = (most + least) >> 1
      if (await kept(size)) most = size
      else least = size
    }
    expect(most).toBeGreaterThan(48_000)
    expect(most).toBeLessThan(49_152) // three quarters of 64 KiB
    const tried = stage.ports.filter((port) => port === 'ledger.complete').length
    expect(runs).toBe(tried)
  }))

  verifies(['CH-14', 'SE-03'], 'the store learns neither the key nor the arguments nor the answer, and equal answers look different', async () => {
    const items: (AdmitItem | CompleteItem)[] = []
    await using stage = await Stage.open({ opened: [] })
    through(stage, (ledger) => ({ admit: (item) => (items.push(item), ledger.admit(item)), complete: (item) => (items.push(item), ledger.complete(item)) }))
    for (const idempotencyKey of ['SECRET-KEY-7', 'SECRET-KEY-8']) await stage.call({ ...note, arguments: { id: 1 }, idempotencyKey })
    const [one, , two] = items.map((item) => (item.kind === 'admit' ? item.idempotency : undefined))
    expect([one, two]).toEqual([1, 2].map(() => ({ key: expect.stringMatching(/^[\w-]{43}$/), fingerprint: expect.stringMatching(/^[\w-]{43}$/) })))
    expect(one!.fingerprint).toBe(two!.fingerprint)
    expect(one!.key).not.toBe(two!.key)
    const seals = items.flatMap((item) => (item.kind === 'complete' ? [item.keep!] : []))
    expect(new Set(seals.map((sealed) => sealed.split('.')[1]?.slice(0, 40))).size).toBe(2)
    expect(JSON.stringify(items) + (await stage.written())).not.toMatch(/SECRET-KEY/)
    for (const sealed of seals) expect(Buffer.from(sealed.split('.')[1]!, 'base64url').toString('latin1')).not.toContain('done')
  })

  verifies(['CH-14', 'EM-02'], 'another process on the same store gives the same answer, and dispatches nothing', async () => {
    await using stage = await Stage.open()
    const first = await stage.call(note)
    const sent: unknown[] = []
    const other = await createPortcullis({
      url: URL_, storage: stage.storage.inner, keys, connectors: [psa, rmm], clock: stage.clock, warn: () => undefined, world: worldOf(),
      dispatcher: { owner: stage.vendor.owner, dispatch: async (job) => (sent.push(job), { kind: 'succeeded', value: { done: false } }) },
    })
    const asked = { ...note, tool: 'psa.note', token: stage.token('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    expect(bytesOf(await other.enforce(asked))).toBe(bytesOf(first))
    expect(sent).toEqual([])
    expect(await other.enforce({ ...asked, idempotencyKey: 'another' })).toMatchObject({ kind: 'result', text: '{"done":false}' })
    expect(await stage.call({ ...note, idempotencyKey: 'another' })).toMatchObject({ kind: 'result', text: '{"done":false}' })
    expect([sent.length, stage.vendor.jobs.length]).toEqual([1, 1])
  })

  verifies('CH-14', 'a call without a key keeps nothing, and neither does one that was not sent', async () => {
    const keeps: unknown[] = []
    await using stage = await Stage.open({ opened: [] })
    through(stage, (ledger) => ({ complete: (item) => (keeps.push(item.keep), ledger.complete(item)) }))
    await stage.call({ ...note, idempotencyKey: undefined })
    await stage.call({ ...note, tool: 'psa.list', arguments: {} })
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'cancelled' })
    await stage.call(note)
    expect(keeps).toEqual([undefined, undefined, undefined])
  })
})

describe('a kept answer that is not the one of its call', () => {
  verifies('CH-14', 'altered, moved, sealed by another key or of another shape: a fault that may have taken effect, and never a second dispatch', async () => {
    const sealKey = keys.derive('seal', 32)
    await using stage = await Stage.open({ opened: [] })
    let replace: ((answer: string, callId: string, item: AdmitItem) => string) | undefined
    let rename: string | undefined
    through(stage, (ledger) => ({
      admit: async (item) => {
        const answer = await ledger.admit(item)
        return answer.kind === 'repeated' ? { ...answer, callId: rename ?? answer.callId, answer: replace?.(answer.answer, answer.callId, item) ?? answer.answer } : answer
      },
    }))
    const first = await stage.call(note)
    const other = await stage.call({ ...note, idempotencyKey: 'another' })
    const south = { ...note, token: stage.token('operator', { tenant: 'south' }) }
    await stage.call(south)
    let others = ''
    replace = (answer) => (others = answer)
    await stage.call({ ...note, idempotencyKey: 'another' })

    const resealed = (text: string, tenant = 'north', key: Uint8Array = sealKey) => (_: string, callId: string, { idempotency }: AdmitItem) => sealAnswer(key, 'salt-1', { tenant, callId, ...idempotency! }, text.replaceAll('$', callId))!
    const shapes = [
      'null', '[]', '7', '"text"', '{}', 'not json', '{"kind":"result","text":"{}"}', '{"kind":"result","text":"{}","decisionId":"dec_other"}', '{"kind":"result","text":7,"decisionId":"$"}',
      '{"kind":"result","text":"{}","raw":false,"decisionId":"$"}', '{"kind":"result","text":"{}","decisionId":"$","more":1}', '{"kind":"asked","requests":{},"state":"s","decisionId":"$"}',
      '{"kind":"hold","gate":"approval","code":"approval_pending","message":"m","remedy":"r","effect":"none","retryable":false,"decisionId":"$"}',
      '{"kind":"denial","gate":"quota","code":"connector_failed","message":"m","remedy":"r","effect":"none","retryable":false,"decisionId":"$"}',
      '{"kind":"denial","gate":"dispatch","code":"connector_failed","message":"m","remedy":"r","effect":"perhaps","retryable":false,"decisionId":"$"}',
      '{"kind":"denial","gate":"dispatch","code":"connector_failed","remedy":"r","effect":"none","retryable":false,"decisionId":"$"}',
      '{"kind":"denial","gate":"dispatch","code":"connector_failed","message":"m","remedy":"r","effect":"none","retryable":false,"retryAfter":"soon","decisionId":"$"}',
    ]
    const wrong: readonly NonNullable<typeof replace>[] = [
      () => '', () => 'x', () => 'salt-1.', (answer) => `${answer}A`, (answer) => answer.slice(0, -1), (answer) => `x${answer}`, (answer) => answer.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
      () => others, resealed(JSON.stringify(first), 'south'), resealed('{"kind":"result","text":"{}","decisionId":"$"}', 'north', new Uint8Array(32)), ...shapes.map((text) => resealed(text)),
      () => 'x'.repeat(70_000),
    ]
    for (const [index, change] of wrong.entries()) {
      replace = change
      expect(await stage.call(note), `change ${index}`).toEqual({ kind: 'fault', effect: 'unknown', decisionId: expect.any(String) })
    }
    replace = undefined
    await stage.clock.advance(60_000) // each asked the vendor whose the record is, and that is limited
    rename = other.decisionId
    expect(await stage.call(note)).toMatchObject({ kind: 'fault', effect: 'unknown' })
    rename = undefined
    replace = resealed('{"kind":"result","text":"{}","decisionId":"$"}')
    expect(await stage.call(note)).toMatchObject({ kind: 'result', text: '{}' }) // it is the shape and the seal that are looked at
    expect(stage.vendor.jobs).toHaveLength(3)
    expect(new Set(stage.faults.map((fault) => (fault as { code: string }).code))).toEqual(new Set(['kept_answer_broken']))
    replace = undefined
    expect(bytesOf(await stage.call(note))).toBe(bytesOf(first))
  })

  verifies('CH-14', 'a ledger that knows again what came without a key is not believed', async () => {
    await using stage = await Stage.open({ opened: [] })
    through(stage, () => ({ admit: async () => ({ kind: 'repeated', callId: 'dec', answer: 'x' }) }))
    expect(await stage.call({ ...note, idempotencyKey: undefined })).toMatchObject({ kind: 'fault' })
    expect(stage.vendor.jobs).toEqual([])
  })
})

describe('keys and questions', () => {
  verifies(['CH-14', 'CH-10'], 'a round that asks leaves the key free for the next one; the round that ends the call keeps its answer, for all of its rounds', () => staged(async (stage) => {
    const pick: Partial<Call> = { ...wide, tool: 'pick', arguments: {} }
    const asked = await stage.call(pick)
    expect(asked.kind).toBe('asked')
    const repeated = await stage.call(pick) // the question was lost on its way
    expect(repeated.kind).toBe('asked')
    const answers = { responses: { which: { action: 'accept' } }, state: repeated.kind === 'asked' ? repeated.state : '' }
    const done = await stage.call({ ...pick, answers })
    expect(done).toMatchObject({ kind: 'result', raw: true, text: '{"content":[{"type":"text","text":"run 3"}]}' })
    for (const again of [{ ...pick, answers }, pick]) expect(bytesOf(await stage.call(again))).toBe(bytesOf(done))
    expect(runs).toBe(3)
    expect((await stage.log()).filter(({ step, status }) => step === 'outcome' && status === 'succeeded')).toHaveLength(1)
  }))

  verifies(['input_invalid', 'CH-14'], 'a call that would never be the same again takes no key', () => staged(async (stage) => {
    expect(await stage.call({ ...wide, tool: 'draw', arguments: {} })).toMatchObject({ code: 'input_invalid', message: expect.stringContaining('not deterministic') })
    expect(await stage.call({ ...wide, tool: 'draw', arguments: {}, idempotencyKey: undefined })).toMatchObject({ kind: 'result' })
    const said = { ...wide, tool: 'draw', arguments: { draw: 1 } }
    expect([(await stage.call(said)).kind, (await stage.call(said)).kind, runs]).toEqual(['result', 'result', 2])
  }))
})
