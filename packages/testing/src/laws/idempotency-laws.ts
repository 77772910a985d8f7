import { approvalFor, Desk, PLENTY, tally } from './desk.ts'
import { lookAtLog } from './log-laws.ts'
import type { StorageLaw } from './storage-law.ts'

const KEPT_FOR = 24 * 3_600_000

/** A call with a key. Calls of one fingerprint are the same call. */
const keyed = (fingerprint = 'this call', key = 'key') => ({ idempotency: { key, fingerprint } })

export const IDEMPOTENCY_LAWS: readonly StorageLaw[] = [
  {
    id: 'idempotency/once', name: 'QUO-03: of 64 calls at once with one key exactly one is admitted, and exactly one is counted',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const answers = await desk.many(64, keyed())
      looks.same(tally(answers), { admitted: 1, conflict: 63 }, 'answers')
      looks.that(answers.every((answer) => answer.kind !== 'conflict' || answer.effect === 'unknown'), 'nobody can tell yet what the first one did')
      looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], [1, { used: 0, reserved: 1 }], 'records and usage')
      looks.same(tally([...(await desk.many(3)), ...(await desk.many(1, keyed('this call', 'another key')))]), { admitted: 4 }, 'calls without a key or with another one')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'idempotency/repeated', name: 'QUO-03: the same call again gets the answer that was kept, to the character, whoever is out of quota or rate, and leaves no trace',
    check: async ({ storage }, looks) => {
      const answer = `é 漢 😀 \u2028 \\ "quoted" ' ${'x'.repeat(60_000)}`
      for (const status of ['succeeded', 'failed', 'unknown'] as const) {
        const desk = await Desk.at(storage, `repeated-${status}`)
        await desk.admit({ ...keyed(), callId: 'the first' })
        await desk.complete('the first', status, answer)
        const before = [await desk.size(), await desk.door.ledger.callsOf('ada')]
        for (const limits of [PLENTY, { ...PLENTY, included: 0 }, { ...PLENTY, tenantPerMinute: 1, principalPerMinute: 1 }]) {
          const again = await desk.many(16, { ...keyed(), limits })
          looks.that(again.every((one) => one.kind === 'repeated' && one.callId === 'the first' && one.answer === answer), `the answers after ${status}`)
        }
        looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], before, 'records and usage')
      }
    },
  },
  {
    id: 'idempotency/conflict', name: 'another call with the key is refused as long as the key is taken, whatever became of the first one',
    check: async ({ storage }, looks) => {
      const ends: readonly ((desk: Desk) => Promise<unknown>)[] = [
        async () => undefined, (desk) => desk.complete('the first', 'succeeded', 'kept'), (desk) => desk.complete('the first', 'unknown'), (desk) => desk.reconcile('the first'),
      ]
      for (const [index, end] of ends.entries()) {
        const desk = await Desk.at(storage, `conflict-${index}`)
        await desk.admit({ ...keyed(), callId: 'the first' })
        await end(desk)
        const before = await desk.size()
        looks.same(await desk.many(2, keyed('another call')), Array.from({ length: 2 }, () => ({ kind: 'conflict', effect: 'none' })), `after end ${index}`)
        looks.same(await desk.size(), before, 'records')
      }
    },
  },
  {
    id: 'idempotency/not-kept', name: 'an outcome whose answer was not kept is known to be there; a call without a reported outcome may have done anything',
    check: async ({ storage }, looks) => {
      const ends: readonly (readonly ['done' | 'unknown', (desk: Desk) => Promise<unknown>])[] = [
        ['unknown', async () => undefined],
        ['done', (desk) => desk.complete('the first', 'succeeded')], ['done', (desk) => desk.complete('the first', 'failed')], ['done', (desk) => desk.complete('the first', 'unknown')],
        ['unknown', (desk) => desk.reconcile('the first', 'succeeded')], ['unknown', (desk) => desk.reconcile('the first', 'failed')], ['unknown', (desk) => desk.reconcile('the first', 'indeterminate')],
      ]
      for (const [index, [effect, end]] of ends.entries()) {
        const desk = await Desk.at(storage, `not-kept-${index}`)
        await desk.admit({ ...keyed(), callId: 'the first' })
        await end(desk)
        looks.same(await desk.admit(keyed()), { kind: 'conflict', effect }, `after end ${index}`)
        await desk.complete('the first', 'succeeded', 'too late') // of a call that has ended, nothing is kept
        looks.same(await desk.admit(keyed()), index === 0 ? { kind: 'repeated', callId: 'the first', answer: 'too late' } : { kind: 'conflict', effect }, `a report after end ${index}`)
      }
    },
  },
  {
    id: 'idempotency/freed', name: 'a call that was surely not sent frees its key, for any call',
    check: async ({ storage }, looks) => {
      const ends: readonly ((desk: Desk) => Promise<unknown>)[] = [
        (desk) => desk.abandon('the first'), (desk) => desk.complete('the first', 'not_sent'), (desk) => desk.complete('the first', 'not_sent', 'an answer that nobody keeps'),
      ]
      for (const fingerprint of ['this call', 'another call']) {
        for (const [index, end] of ends.entries()) {
          const desk = await Desk.at(storage, `freed-${fingerprint}-${index}`)
          await desk.admit({ ...keyed(), callId: 'the first' })
          await end(desk)
          looks.same(tally(await desk.many(5, keyed(fingerprint))), { admitted: 1, conflict: 4 }, `${fingerprint} after end ${index}`)
        }
      }
    },
  },
  {
    id: 'idempotency/not-claimed', name: 'what is not admitted claims no key: neither a refusal nor a hold, nor what is sent back to be decided again',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const wishes = [
        [{ limits: { ...PLENTY, included: 0 } }, 'quota_exhausted'], [{ authorization: desk.authorization + 1 }, 'changed'],
        [{ approval: approvalFor('digest') }, 'approval_required'], [{ approval: approvalFor('digest') }, 'approval_pending'], [{ approval: approvalFor('digest', { approvalId: 'invented' }) }, 'approval_stale'],
      ] as const
      for (const [index, [wish, code]] of wishes.entries()) looks.same(tally([await desk.admit({ ...wish, ...keyed(`call ${index}`) })]), { [code]: 1 }, code)
      looks.same(tally([await desk.admit({ ...keyed(), callId: 'the first' })]), { admitted: 1 }, 'the key is free')
      looks.same((await desk.door.ledger.recall('the first'))?.idempotencyKey, 'key', 'the open call knows its key')
      looks.same(tally([await desk.admit({ ...keyed(), callId: 'the first' }), await desk.admit({ ...keyed(), authorization: desk.authorization + 1 })]), { duplicate: 1, changed: 1 }, 'what comes before the key')
    },
  },
  {
    id: 'idempotency/approved', name: 'an approved call with a key uses its approval once; the same call again gets the kept answer and needs none',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'))
      const ask = (approvalId?: string) => desk.admit({ ...keyed(), callId: 'the first', approval: approvalFor('digest', approvalId === undefined ? {} : { approvalId }) })
      looks.same(tally([await ask(id)]), { admitted: 1 }, 'the first')
      await desk.complete('the first', 'succeeded', 'kept')
      const size = await desk.size()
      for (const approvalId of [id, undefined]) looks.same(await ask(approvalId), { kind: 'repeated', callId: 'the first', answer: 'kept' }, 'the same call again')
      looks.same(tally([await desk.admit({ ...keyed('this call', 'another key'), approval: approvalFor('digest') })]), { approval_consumed: 1 }, 'with another key')
      looks.same([(await desk.door.ledger.approval(id))?.state, await desk.size()], ['consumed', size], 'state and records')

      await desk.granted(approvalFor('another digest'))
      const other = () => desk.admit({ ...keyed('that call', 'that key'), callId: 'the second', approval: approvalFor('another digest') })
      looks.same(tally([await other()]), { admitted: 1 }, 'a call that is not sent')
      await desk.complete('the second', 'not_sent')
      looks.same(tally([await other()]), { admitted: 1 }, 'has its key and its approval again')
    },
  },
  {
    id: 'idempotency/expiry', name: 'a key stands for its call until the millisecond before 24 hours from the admission, and not in the one they end',
    check: async ({ storage, clock }, looks) => {
      for (const late of [0, 1]) {
        const desk = await Desk.at(storage, `expiry-${late}`)
        const admitted = clock.now()
        await desk.admit({ ...keyed(), callId: 'the first' })
        await desk.admit({ ...keyed('this call', 'open'), callId: 'still open' })
        clock.set(admitted + 3_600_000)
        await desk.complete('the first', 'succeeded', 'kept')
        clock.set(admitted + KEPT_FOR - 1 + late)
        const answers = [await desk.admit({ ...keyed(), callId: 'the second' }), await desk.admit({ ...keyed('another call', 'open'), callId: 'the third' })]
        looks.same(tally(answers), late === 0 ? { repeated: 1, conflict: 1 } : { admitted: 2 }, `${late} ms late`)
      }
    },
  },
  {
    id: 'idempotency/late', name: 'a call that ends after its key was taken by another one changes nothing about the key',
    check: async ({ storage, clock }, looks) => {
      const ends: readonly ((desk: Desk) => Promise<unknown>)[] = [
        (desk) => desk.complete('the first', 'succeeded', 'of the first'), (desk) => desk.complete('the first', 'not_sent'), (desk) => desk.abandon('the first'), (desk) => desk.reconcile('the first'),
      ]
      for (const [index, end] of ends.entries()) {
        const desk = await Desk.at(storage, `late-${index}`)
        await desk.admit({ ...keyed(), callId: 'the first' })
        clock.set(clock.now() + KEPT_FOR)
        await desk.admit({ ...keyed(), callId: 'the second' })
        await end(desk)
        looks.same(await desk.admit(keyed()), { kind: 'conflict', effect: 'unknown' }, `after end ${index}`)
        await desk.complete('the second', 'succeeded', 'of the second')
        looks.same(await desk.admit(keyed()), { kind: 'repeated', callId: 'the second', answer: 'of the second' }, `the second, after end ${index}`)
      }
    },
  },
  {
    id: 'idempotency/lasts', name: 'keys and kept answers are still there when the storage has been closed and opened again',
    check: async ({ storage, clock, reopen }, looks) => {
      if (reopen === undefined) return looks.that(true, 'ends with the process')
      const before = await Desk.at(storage)
      const start = clock.now()
      for (const call of ['kept', 'too large', 'open', 'lost', 'freed']) await before.admit({ ...keyed('this call', call), callId: call })
      await before.complete('kept', 'succeeded', 'the answer')
      await before.complete('too large')
      await before.abandon('freed')
      const after = await Desk.at(await reopen())
      await after.reconcile('lost')
      const again = async (desk: Desk) => Promise.all(['kept', 'too large', 'open', 'lost'].map((call) => desk.admit(keyed('this call', call))))
      const expected = [{ kind: 'repeated', callId: 'kept', answer: 'the answer' }, { kind: 'conflict', effect: 'done' }, { kind: 'conflict', effect: 'unknown' }, { kind: 'conflict', effect: 'unknown' }]
      looks.same(await again(after), expected, 'what is known of them')
      looks.same(tally([await after.admit(keyed('another call', 'freed'))]), { admitted: 1 }, 'the one that was freed')
      await after.complete('open', 'succeeded', 'in the end')
      looks.same(await after.admit(keyed('this call', 'open')), { kind: 'repeated', callId: 'open', answer: 'in the end' }, 'one that ended later')
      clock.set(start + KEPT_FOR)
      looks.same(tally(await again(after)), { admitted: 4 }, 'after 24 hours')
    },
  },
  {
    id: 'idempotency/apart', name: 'one key of two tenants is two keys',
    check: async ({ storage }, looks) => {
      const [one, two] = [await Desk.at(storage, 'one'), await Desk.at(storage, 'two')]
      await one.admit({ ...keyed(), callId: 'the first' })
      await one.complete('the first', 'succeeded', 'of one')
      looks.same(tally([await two.admit({ ...keyed('another call'), callId: 'the first' })]), { admitted: 1 }, 'the other tenant')
      await two.complete('the first', 'succeeded', 'of two')
      looks.same([await one.admit(keyed()), await two.admit(keyed('another call'))], [
        { kind: 'repeated', callId: 'the first', answer: 'of one' }, { kind: 'repeated', callId: 'the first', answer: 'of two' },
      ], 'what each has kept')
    },
  },
]
