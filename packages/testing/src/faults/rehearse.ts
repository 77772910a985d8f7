import type { Connector, Outcome, World } from '@portcullis/core'
import type { DispatchJob, Dispatcher, Storage } from '@portcullis/core/ports'
import { soundToken } from '../arbitrary/token.ts'
import { openScene, type Scene } from '../explore/scene.ts'
import { tokenOf } from '../world/tokens.ts'
import { pretendedDispatcher } from '../world/vendor.ts'
import { settled, type VirtualClock } from '../world/virtual-clock.ts'
import { FAULT_TEXT, Saboteur, type Plan } from './fault.ts'
import { sabotagedDispatcher, sabotagedPlane, sabotagedSink, sabotagedStorage } from './wrap.ts'

export interface Rehearsal {
  readonly struck: number
  /** Outcomes of the script's calls, in its order. */
  readonly outcomes: readonly Outcome[]
  /** Promises that were broken, in words. */
  readonly broken: readonly string[]
}

interface Performed {
  readonly job: DispatchJob
  readonly intended: boolean
  readonly sent: boolean
}

const TENANT = 'north'
const PORT_BREATH = 500
const MOST_BREATHS = 1_000
const TURNS = 18

/** The calls of the script: read, write, hold, (vote), use, use again, not sent, somebody else's record, a write with a key, the same again. */
const CALLS = [
  { tool: 'psa.list_tickets', arguments: {} },
  { tool: 'psa.close_ticket', arguments: { id: 101 } },
  { tool: 'psa.wipe_ticket', arguments: { id: 101 } },
  { tool: 'psa.wipe_ticket', arguments: { id: 101 } },
  { tool: 'psa.wipe_ticket', arguments: { id: 101 } },
  { tool: 'psa.close_ticket', arguments: { id: 101, mood: 'no_credential' } },
  { tool: 'psa.close_ticket', arguments: { id: 201 } },
  { tool: 'psa.close_ticket', arguments: { id: 101, note: 'once' }, idempotencyKey: 'once' },
  { tool: 'psa.close_ticket', arguments: { id: 101, note: 'once' }, idempotencyKey: 'once' },
] as const
const VOTE_AFTER = 2

/** Plays a fixed script while ports break as planned, then lets time pass, and says which promises were broken. */
export async function rehearse(world: World, connectors: readonly Connector[], storageOf: (clock: VirtualClock) => Storage, plans: readonly Plan[]): Promise<Rehearsal> {
  const broken: string[] = []
  const outcomes: Outcome[] = []
  const performed: Performed[] = []
  const inner: { storage?: Storage; clock?: VirtualClock } = {}
  const saboteur = new Saboteur(plans, () => inner.clock)
  const heard = (text: string): void => {
    if (text.includes(FAULT_TEXT)) broken.push(`the text of a fault was told: ${text.slice(0, 200)}`)
  }
  const scene = await openScene(world, {
    connectors,
    storage: (clock) => {
      inner.clock = clock as VirtualClock
      inner.storage = storageOf(inner.clock)
      return inner.storage
    },
    dispatcher: sabotagedDispatcher(watched(() => inner.storage, performed), saboteur),
    checkpointSink: sabotagedSink({ publish: async () => undefined }, saboteur),
    wrap: { plane: (plane) => sabotagedPlane(plane, saboteur), storage: (storage) => sabotagedStorage(storage, saboteur) },
    warn: heard,
  })
  const { portcullis, clock } = scene
  const request = (account: string) => ({ token: tokenOf(soundToken(world, TENANT, account), clock.now()), endpoint: { kind: 'customer' as const, customer: 'acme' } })

  heard(JSON.stringify(await driven(scene, () => portcullis.list(request('ann')))))
  for (const [at, call] of CALLS.entries()) {
    heard(JSON.stringify(await driven(scene, () => portcullis.dryRun({ ...request('ann'), ...call }))))
    scene.ids.step()
    const outcome = await driven(scene, () => portcullis.enforce({ ...request('ann'), ...call }))
    outcomes.push(outcome)
    heard(JSON.stringify(outcome))
    if (at === VOTE_AFTER && outcome.kind === 'hold' && outcome.approvalId !== undefined) {
      const { approvalId } = outcome
      heard(JSON.stringify(await driven(scene, () => portcullis.approvals.vote(request('bob'), approvalId, { decision: 'approve', reason: 'because' }))))
    }
  }
  for (let turn = 0; turn < TURNS; turn++) {
    // What runs by itself, the reconciler and the checkpoints, meets the faults as well; then they are over.
    if (turn === TURNS / 3) saboteur.stop()
    clock.jump(15_000)
    await settled()
  }
  const lines = await linesOf(inner.storage)
  for (const outcome of outcomes) broken.push(...judge(outcome, performed, lines))
  for (const { job, intended } of performed) if (!intended) broken.push(`${job.callId} was dispatched before its intent was durable`)
  if (performed.filter(({ job, sent }) => sent && job.tool.name === 'wipe_ticket').length > 1) broken.push('one approval was used twice')
  if (performed.filter(({ job, sent }) => sent && (job.input as { readonly note?: unknown }).note === 'once').length > 1) broken.push('one key was used twice')
  broken.push(...(await leftOpen(inner.storage, world)))
  await portcullis.close()
  return { struck: saboteur.struck, outcomes, broken }
}

/** Resolves the credential as a broker does, and notes what really happened. */
function watched(storage: () => Storage | undefined, performed: Performed[]): Dispatcher {
  const vendor = pretendedDispatcher()
  return {
    owner: (job) => vendor.owner(job),
    dispatch: async (job) => {
      const secret = await job.credential().catch(() => undefined)
      if (secret?.constructor.name !== 'Secret') return { kind: 'not_sent', code: 'credential_unavailable' }
      const intended = (await linesOf(storage())).some((line) => line['call'] === job.callId && line['step'] === 'intent')
      const answer = await vendor.dispatch(job)
      performed.push({ job, intended, sent: answer.kind !== 'not_sent' })
      return answer
    },
  }
}

type Line = Readonly<Record<string, unknown>>

async function linesOf(storage: Storage | undefined): Promise<readonly Line[]> {
  const records = (await (await storage?.tenant(TENANT))?.log.read({ from: 0, limit: 10_000 })) ?? []
  return records.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Line)
}

/** A result is true and recorded; whatever else is said, an effect is never denied. */
function judge(outcome: Outcome, performed: readonly Performed[], lines: readonly Line[]): readonly string[] {
  // An answer that was given before is the one of the call that its record names.
  const callId = lines.find((line) => line['kind'] === 'repeat' && line['decision'] === outcome.decisionId)?.['repeats'] ?? outcome.decisionId
  const mine = performed.filter(({ job, sent }) => sent && job.callId === callId)
  if (outcome.kind !== 'result') {
    const denied = 'effect' in outcome && outcome.effect === 'none' && mine.some(({ job }) => job.tool.risk !== 'read')
    return denied ? [`${outcome.decisionId} took effect and was said not to: ${JSON.stringify(outcome)}`] : []
  }
  const wrong: string[] = []
  if (mine.length !== 1) wrong.push(`${outcome.decisionId} has a result after ${mine.length} dispatches`)
  if (!lines.some((line) => line['call'] === callId && line['step'] === 'outcome')) wrong.push(`${outcome.decisionId} has a result without a record`)
  if (!outcome.text.startsWith('{"ticket')) wrong.push(`${outcome.decisionId} has another result than the vendor's`)
  return wrong
}

/** When all is over nothing is open and nothing reserved. */
async function leftOpen(storage: Storage | undefined, world: World): Promise<readonly string[]> {
  const ledger = (await storage?.tenant(TENANT))?.ledger
  if (ledger === undefined) return ['there is no ledger']
  const open = await ledger.due({ limit: 100 })
  const limits = { included: 1_000_000, overage: true, tenantPerMinute: 1_000_000, principalPerMinute: 1_000_000 }
  const judged = await ledger.judge({ principal: 'nobody', limits, approval: undefined })
  const reserved = judged.kind === 'clear' ? judged.usage.reserved - 1 : Number.NaN
  const own = await Promise.all(Object.keys(world.tenants[TENANT]?.principals ?? {}).map(async (id) => (await ledger.callsOf(id)).reserved))
  const wrong = open.map(({ callId }) => `${callId} is still open`)
  if (reserved !== 0 || own.some((count) => count !== 0)) wrong.push(`reserved for nothing: ${reserved}, ${own.join(' ')}`)
  return wrong
}

/** Runs one request to its end, with time passing whenever everybody waits. */
async function driven<T>({ clock }: Scene, work: () => Promise<T>): Promise<T> {
  let ended = false
  const running = work().finally(() => {
    ended = true
  })
  for (let breath = 0; breath < MOST_BREATHS; breath++) {
    await settled()
    if (ended) return running
    clock.jump(PORT_BREATH)
  }
  throw new Error('a request never ended')
}
