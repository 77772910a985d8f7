import fc from 'fast-check'
import { approvalFor, Desk, PLENTY, tally } from './desk.ts'
import type { StorageLaw } from './storage-law.ts'

const VOTING_WINDOW = 24 * 3_600_000
const GRANT_WINDOW = 3_600_000
const COOL_DOWN = 15 * 60_000

export const APPROVAL_LAWS: readonly StorageLaw[] = [
  {
    id: 'approval/opens', name: 'calls of one digest open one request, take no quota, and are held while it is pending',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const answers = await Promise.all(Array.from({ length: 32 }, () => desk.admit({ approval: approvalFor('digest') })))
      looks.same(tally(answers), { approval_required: 1, approval_pending: 31 }, 'answers')
      looks.same(new Set(answers.map((answer) => ('approvalId' in answer ? answer.approvalId : ''))).size, 1, 'requests')
      looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], [1, { used: 0, reserved: 0 }], 'records and usage')
    },
  },
  {
    id: 'approval/once', name: 'APR-01: of 64 calls at once with one approval exactly one is admitted',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'))
      const before = await desk.size()
      looks.same(tally(await desk.many(64, { approval: approvalFor('digest') })), { admitted: 1, approval_consumed: 63 }, 'answers')
      looks.same(tally(await desk.many(64, { approval: approvalFor('digest', { approvalId: id }) })), { approval_consumed: 64 }, 'answers to calls that name it')
      looks.same([(await desk.door.ledger.approval(id))?.state, await desk.size()], ['consumed', before + 1], 'state and records')
    },
  },
  {
    id: 'approval/votes', name: 'APR-10: votes at the same time end a request once or not at all, one vote a person, and an ended request never changes again',
    check: async ({ storage }, looks) => {
      let run = 0
      const person = fc.constantFrom('grace', 'heidi', 'ivan', 'judy')
      const ballot = fc.tuple(person, fc.constantFrom('approve' as const, 'approve' as const, 'refuse' as const))
      await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(ballot, { minLength: 1, maxLength: 24 }), async (quorum, ballots) => {
        const desk = await Desk.at(storage, `votes-${(run += 1)}`)
        const id = await desk.granted(approvalFor('digest', { quorum }), [])
        const answers = await Promise.all(ballots.map(([who, decision]) => desk.vote(id, who, decision)))
        const states = answers.flatMap((answer) => (answer.kind === 'voted' ? [answer.approval.state] : []))
        looks.that(states.filter((state) => state !== 'pending').length <= 1, `ended more than once: ${states.join(' ')}`)
        const ended = await desk.door.ledger.approval(id)
        const people = ended?.votes.map((vote) => vote.person) ?? []
        looks.same(new Set(people).size, states.length, 'persons and counted votes')
        looks.same(ended?.state, states.at(-1), 'the state that the last counted vote left')
        if (ended?.state === 'granted') looks.that(ended.votes.length === quorum && ended.votes.every(({ decision }) => decision === 'approve'), 'granted by the quorum')
        if (ended?.state === 'pending') return
        looks.same((await desk.vote(id, 'karl', 'refuse')).kind, 'refused', 'a vote afterwards')
        looks.same(await desk.door.ledger.approval(id), ended, 'the request afterwards')
      }), { numRuns: 25 })
    },
  },
  {
    id: 'approval/odd-decision', name: 'a vote that does not say approve refuses',
    check: async ({ storage }, looks) => {
      for (const [index, odd] of ([undefined, null, '', 'Approve', 'yes', true, 1] as readonly unknown[]).entries()) {
        const desk = await Desk.at(storage, `decision-${index}`)
        const id = await desk.granted(approvalFor('digest'), [])
        const vote = { person: 'grace', principal: 'grace-account', decision: odd as 'approve', reason: 'because' }
        await desk.door.ledger.vote({ kind: 'vote', approvalId: id, authorization: desk.authorization, vote, body: '{"v":1,"kind":"vote"' })
        looks.same((await desk.door.ledger.approval(id))?.state, 'refused', `the request after ${String(odd)}`)
        looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { approval_refused: 1 }, `the call after ${String(odd)}`)
      }
    },
  },
  {
    id: 'approval/expiry', name: 'APR-11: a request may be voted on and a grant used until the millisecond before its end, and not in the one it ends',
    check: async ({ storage, clock }, looks) => {
      for (const late of [0, 1]) {
        const desk = await Desk.at(storage, `expiry-${late}`)
        const opened = clock.now()
        const id = await desk.granted(approvalFor('voted', { quorum: 2 }), ['heidi'])
        clock.set(opened + VOTING_WINDOW - 1 + late)
        looks.same(tally([await desk.vote(id, 'grace')]), late === 0 ? { voted: 1 } : { approval_expired: 1 }, `the vote, ${late} ms late`)

        const grantedAt = clock.now()
        const grant = await desk.granted(approvalFor('used'))
        clock.set(grantedAt + GRANT_WINDOW - 1 + late)
        looks.same(tally([await desk.admit({ approval: approvalFor('used', { approvalId: grant }) })]), late === 0 ? { admitted: 1 } : { approval_expired: 1 }, `the use, ${late} ms late`)
        if (late === 1) looks.same(tally([await desk.admit({ approval: approvalFor('used') })]), { approval_required: 1 }, 'a call that names none opens a new request')
      }
    },
  },
  {
    id: 'approval/cool-down', name: 'after a refusal the same call opens no new request for 15 minutes',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'), [])
      await desk.vote(id, 'grace', 'refuse')
      const refused = clock.now()
      for (const [at, answer] of [[0, 'approval_refused'], [COOL_DOWN - 1, 'approval_refused'], [COOL_DOWN, 'approval_required']] as const) {
        clock.set(refused + at)
        looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { [answer]: 1 }, `${at} ms after it`)
      }
      looks.same(tally([await desk.admit({ approval: approvalFor('digest', { approvalId: id }) })]), { approval_refused: 1 }, 'whoever names the refused one')
      looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { approval_pending: 1 }, 'the newest one answers all others')
    },
  },
  {
    id: 'approval/returned', name: 'a call that was surely not sent gives its approval back, any other end does not',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'))
      const ask = () => desk.admit({ callId: 'the call', approval: approvalFor('digest', { approvalId: id }) })
      for (const end of [() => desk.abandon('the call'), () => desk.complete('the call', 'not_sent'), () => desk.complete('the call', 'unknown')]) {
        looks.same(tally([await ask()]), { admitted: 1 }, 'the call')
        await end()
      }
      looks.same(tally([await ask()]), { approval_consumed: 1 }, 'after it was sent')
    },
  },
  {
    id: 'approval/quota-first', name: 'an approved call that meets an empty quota or rate keeps its approval',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      await desk.granted(approvalFor('digest'))
      looks.same(tally(await desk.many(3, { approval: approvalFor('digest'), limits: { ...PLENTY, included: 0 } })), { quota_exhausted: 3 }, 'no quota')
      looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { admitted: 1 }, 'with quota')
    },
  },
  {
    id: 'approval/foreign', name: "somebody else's approval, an invented one and one of another call give the same answer",
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const foreign = await desk.granted(approvalFor('digest', { requester: 'bob' }))
      const other = await desk.granted(approvalFor('another digest'))
      for (const approvalId of [foreign, other, 'invented', '', '\ud800']) {
        looks.same(await desk.admit({ approval: approvalFor('digest', { approvalId }) }), { kind: 'approval', code: 'approval_stale' }, `named ${JSON.stringify(approvalId)}`)
      }
      looks.same([(await desk.door.ledger.approval(foreign))?.state, (await desk.door.ledger.approval(other))?.state], ['granted', 'granted'], 'what became of them')
      looks.same(await desk.door.ledger.approval('invented'), undefined, 'an invented one')
      looks.same(tally([await desk.vote('invented', 'grace')]), { not_found: 1 }, 'a vote on an invented one')
    },
  },
  {
    id: 'approval/retired', name: 'a grant whose voters may vote no more is of no use, and makes room for a new request',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const id = await desk.granted(approvalFor('digest'), ['grace'])
      looks.same(tally([await desk.admit({ approval: approvalFor('digest', { electorate: ['heidi'] }) })]), { approval_stale: 1 }, 'without the voter')
      looks.same(tally([await desk.admit({ approval: approvalFor('digest', { approvalId: id }) })]), { approval_stale: 1 }, 'even when the voter is back')
      looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { approval_required: 1 }, 'a new request')
    },
  },
  {
    id: 'approval/flood', name: 'at most 20 requests of one requester and 200 of a tenant are pending; ended and expired ones do not count',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const flood = (requester: string, count: number) =>
        Promise.all(Array.from({ length: count }, (_, index) => desk.admit({ principal: requester, approval: approvalFor(`${requester} ${index}`, { requester }) })))
      const answers = await flood('ada', 25)
      looks.same(tally(answers), { approval_required: 20, rate_limited: 5 }, 'one requester')
      const [first] = answers
      if (first?.kind === 'held') await desk.vote(first.approvalId, 'grace', 'refuse')
      looks.same(tally(await desk.many(2, { approval: approvalFor('ended') })), { approval_required: 1, approval_pending: 1 }, 'when one has ended')
      looks.same(tally([await desk.admit({ approval: approvalFor('one too many') })]), { rate_limited: 1 }, 'and another taken its place')
      for (let other = 1; other < 10; other += 1) await flood(`other-${other}`, 20)
      looks.same(tally(await flood('bob', 1)), { rate_limited: 1 }, 'the tenant is full')
      clock.set(clock.now() + VOTING_WINDOW)
      looks.same(tally([...await flood('bob', 1), ...await flood('ada', 1)]), { approval_required: 2 }, 'when the others have expired')
    },
  },
]
