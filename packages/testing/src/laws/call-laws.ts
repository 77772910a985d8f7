import { inspect } from 'node:util'
import fc from 'fast-check'
import { approvalFor, Desk, PLENTY, tally } from './desk.ts'
import { plain } from './law.ts'
import { lookAtLog } from './log-laws.ts'
import type { StorageLaw } from './storage-law.ts'

export const CALL_LAWS: readonly StorageLaw[] = [
  {
    id: 'call/changed', name: 'what was decided on an older authorization version is sent back, and nothing is left of it',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'), [])
      const before = await desk.size()
      looks.same([await desk.door.authorize('other facts'), await desk.door.authorize('other facts')], [desk.authorization + 1, desk.authorization + 1], 'versions')
      const changed = { kind: 'changed', authorization: desk.authorization + 1 }
      looks.same([await desk.admit(), await desk.vote(id, 'grace')], [changed, changed], 'answers')
      looks.same([await desk.size(), (await desk.door.ledger.approval(id))?.state, await desk.door.ledger.callsOf('ada')], [before, 'pending', { used: 0, reserved: 0 }], 'traces')
      looks.same(tally([await desk.admit({ authorization: desk.authorization + 1 })]), { admitted: 1 }, 'decided again')
      looks.same(await desk.door.authorize('facts of the law'), desk.authorization + 2, 'facts that come back are a new version')
    },
  },
  {
    id: 'call/odd-version', name: 'a version that is not the one in force to the type and the digit is another one, for admissions and votes',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'), [])
      const before = await desk.size()
      const changed = { kind: 'changed', authorization: desk.authorization }
      const vote = { person: 'grace', principal: 'grace-account', decision: 'approve', reason: 'because' } as const
      for (const odd of [undefined, null, Number.NaN, Infinity, -1, 0, desk.authorization + 0.5, 1e300, String(desk.authorization), BigInt(desk.authorization), [desk.authorization], true, {}]) {
        const authorization = odd as number
        looks.same(await desk.admit({ authorization }), changed, `an admission with ${inspect(odd)}`)
        looks.same(await desk.door.ledger.vote({ kind: 'vote', approvalId: id, authorization, vote, body: '{"v":1' }), changed, `a vote with ${inspect(odd)}`)
      }
      looks.same([await desk.size(), (await desk.door.ledger.approval(id))?.state], [before, 'pending'], 'traces')
    },
  },
  {
    id: 'call/duplicate', name: 'of admissions with one call id exactly one is admitted while the call is open',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      looks.same(tally(await desk.many(32, { callId: 'the call' })), { admitted: 1, duplicate: 31 }, 'answers')
      looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], [1, { used: 0, reserved: 1 }], 'records and usage')
    },
  },
  {
    id: 'call/conditional', name: 'a call ends once, by whichever end comes first; an end of what is not open leaves no trace',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      looks.same(tally([await desk.complete('never'), await desk.abandon('never'), await desk.reconcile('never')]), { not_open: 3 }, 'a call that never was')
      for (let call = 1; call <= 12; call += 1) {
        await desk.admit({ callId: `race-${call}` })
        const ends = [() => desk.complete(`race-${call}`), () => desk.abandon(`race-${call}`), () => desk.reconcile(`race-${call}`)]
        const answers = await Promise.all([...ends.slice(call % 3), ...ends.slice(0, call % 3)].map((end) => end()))
        looks.same(tally(answers), { closed: 1, not_open: 2 }, 'rivals')
      }
      looks.same(await desk.size(), 24, 'records')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'call/recall', name: 'recall answers an open intent as it was admitted, and nothing once it has ended',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      await desk.note()
      await desk.admit({ callId: 'the call', deadlineMs: 5000 })
      const open = {
        callId: 'the call', seq: 1, admittedAt: clock.now(), deadline: clock.now() + 5000, principal: 'ada',
        period: new Date(clock.now()).toISOString().slice(0, 7), instance: 'psa', tool: 'psa.close',
      }
      looks.same(await desk.door.ledger.recall('the call'), open, 'the open call')
      looks.same(await desk.door.ledger.recall('another'), undefined, 'another')
      await desk.complete('the call')
      looks.same(await desk.door.ledger.recall('the call'), undefined, 'the ended call')
    },
  },
  {
    id: 'call/due', name: 'open intents are due from their deadline on, the oldest first, no more than asked for',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const start = clock.now()
      for (const [index, deadlineMs] of [50, 10, 40, 20, 30].entries()) await desk.admit({ callId: `due-${index}`, deadlineMs })
      const due = async (limit: number) => (await desk.door.ledger.due({ limit })).map(({ callId }) => callId)
      for (const [at, expected] of [[9, []], [10, ['due-1']], [29, ['due-1', 'due-3']], [50, ['due-0', 'due-1', 'due-2', 'due-3', 'due-4']]] as const) {
        clock.set(start + at)
        looks.same(await due(9), expected, `after ${at} ms`)
      }
      looks.same(await due(2), ['due-0', 'due-1'], 'two of them')
      await desk.reconcile('due-0')
      looks.same(await due(2), ['due-1', 'due-2'], 'the next two')
    },
  },
  {
    id: 'call/odd-deadline', name: 'a call that never ends, or ended before it began, is refused, and a fraction of a millisecond counts whole',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      for (const odd of [undefined, null, Number.NaN, Infinity, -Infinity, -1, 1e300] as readonly unknown[] as readonly number[]) {
        const answers = await Promise.allSettled([desk.admit({ callId: 'odd', deadlineMs: odd }), desk.note()])
        looks.same(answers.map(({ status }) => status), ['rejected', 'fulfilled'], `${String(odd)} ms`)
      }
      looks.same([await desk.door.ledger.recall('odd'), await desk.door.ledger.callsOf('ada')], [undefined, { used: 0, reserved: 0 }], 'what is left of it')
      await desk.admit({ callId: 'fraction', deadlineMs: 0.25 })
      looks.same((await desk.door.ledger.recall('fraction'))?.deadline, clock.now() + 1, 'the end')
    },
  },
  {
    id: 'call/judge', name: 'judge answers what admit will answer, and changes nothing',
    check: async ({ storage, clock }, looks) => {
      let run = 0
      const limits = fc.record({ included: fc.nat(3), overage: fc.boolean(), tenantPerMinute: fc.integer({ min: 1, max: 6 }), principalPerMinute: fc.integer({ min: 1, max: 6 }) })
      const act = fc.record({ limits: fc.oneof(limits, fc.constant(PLENTY)), digest: fc.option(fc.constantFrom('one', 'two')), vote: fc.boolean(), later: fc.nat(20_000) })
      await fc.assert(fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const desk = await Desk.at(storage, `judge-${(run += 1)}`)
        for (const { limits: asked, digest, vote, later } of acts) {
          const item = desk.item({ limits: asked, approval: digest === null ? undefined : approvalFor(digest) })
          const before = await desk.size()
          const judged = await desk.door.ledger.judge(item)
          looks.same(await desk.door.ledger.judge(item), judged, 'judged twice')
          looks.same(await desk.size(), before, 'records after judging')
          const answer = await desk.door.ledger.admit(item)
          const fits = judged.kind === 'clear' ? answer.kind === 'admitted'
            : judged.kind === 'open' ? answer.kind === 'held' && answer.code === 'approval_required'
            : plain(judged) === plain(answer)
          looks.that(fits, `judged ${plain(judged)}, answered ${plain(answer)}`)
          if (vote && answer.kind === 'held') await desk.vote(answer.approvalId, 'grace')
          clock.set(clock.now() + later)
        }
      }), { numRuns: 20 })
    },
  },
]
