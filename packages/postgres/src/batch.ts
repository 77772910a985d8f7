import { Fault } from '@portcullis/core'
import type { AdmitItem, LedgerAnswer, LedgerItem, VoteItem } from '@portcullis/core/ports'
import { findText, keyText } from './key-text.ts'

/** What every item says: the columns of the arrays that `step` takes, one entry an item. */
interface Columns {
  readonly kinds: string[]
  readonly ids: (string | null)[]
  /** The same call was in the batch before. */
  readonly again: boolean[]
  readonly who: (number | null)[]
  readonly versions: (number | null)[]
  readonly included: (number | null)[]
  readonly overage: (boolean | null)[]
  readonly tenantRates: (number | null)[]
  readonly principalRates: (number | null)[]
  readonly deadlines: (number | null)[]
  readonly jobs: (string | null)[]
  readonly more: (string | null)[]
  readonly lengths: number[]
}

/** What admission would decide. */
export interface JudgeItem extends Pick<AdmitItem, 'principal' | 'limits' | 'approval'> {
  readonly kind: 'judge'
}

/** A batch as the parameters of `step`. */
export class Batch {
  readonly columns: Columns = { kinds: [], ids: [], again: [], who: [], versions: [], included: [], overage: [], tenantRates: [], principalRates: [], deadlines: [], jobs: [], more: [], lengths: [] }
  /** Each once: the places in it are what `who` names. */
  readonly principals: string[] = []
  readonly bodies: Buffer[] = []
  readonly #places = new Map<string, number>()
  readonly #calls = new Set<string>()
  #bytes = 0

  constructor(items: readonly (LedgerItem | JudgeItem)[]) {
    for (const item of items) this.#add(item)
  }

  /** How long everything is that may be long, as it is sent. */
  get bytes(): number {
    return this.#bytes
  }

  #add(item: LedgerItem | JudgeItem): void {
    const body = Buffer.from('body' in item ? item.body : '')
    this.bodies.push(body)
    const admits = item.kind === 'admit' || item.kind === 'judge' ? item : undefined
    const { columns } = this
    columns.kinds.push(kindOf(item))
    columns.ids.push('callId' in item ? keyText(item.callId) : item.kind === 'vote' ? keyText(item.approvalId) : null)
    columns.again.push('callId' in item && this.#calls.size === this.#calls.add(item.callId).size)
    columns.who.push(admits === undefined ? null : this.#place(findText(admits.principal)))
    columns.versions.push('authorization' in item ? numberOf(item.authorization) : null)
    columns.included.push(admits === undefined ? null : numberOf(admits.limits.included))
    columns.overage.push(admits === undefined ? null : admits.limits.overage === true)
    columns.tenantRates.push(admits === undefined ? null : numberOf(admits.limits.tenantPerMinute))
    columns.principalRates.push(admits === undefined ? null : numberOf(admits.limits.principalPerMinute))
    columns.deadlines.push(item.kind === 'admit' ? Math.ceil(item.deadlineMs) : null)
    const job = item.kind === 'admit' ? jobText(item) : null
    const more = moreOf(item)
    columns.jobs.push(job)
    columns.more.push(more)
    columns.lengths.push(body.length)
    this.#bytes += body.length + sentLength(job) + sentLength(more)
  }

  #place(principal: string): number {
    const known = this.#places.get(principal)
    if (known !== undefined) return known
    const place = this.principals.push(principal)
    this.#places.set(principal, place)
    return place
  }
}

/** Several batches behind each other, in the order of the parameters of `step`. */
export function columnsOf(batches: readonly Batch[]): readonly unknown[] {
  const all = <K extends keyof Columns>(name: K): Columns[K][number][] => batches.flatMap(({ columns }) => columns[name] as Columns[K][number][])
  return [
    all('kinds'), all('ids'), all('again'), batches.flatMap(({ principals }) => principals), numbers(all('who')), numbers(all('versions')), numbers(all('included')), all('overage'),
    numbers(all('tenantRates')), numbers(all('principalRates')), numbers(all('deadlines')), all('jobs'), all('more'), numbers(all('lengths')),
    Buffer.concat(batches.flatMap(({ bodies }) => bodies)),
  ]
}

/** The function answers with the ledger's answers; how many there are is checked, what they say is checked by core. */
export function answersOf(json: unknown, count: number): readonly LedgerAnswer[] {
  if (!Array.isArray(json) || json.length !== count) throw new Fault('storage_failed', 'PostgreSQL gave another number of answers than there were questions.')
  return json as readonly LedgerAnswer[]
}

const STEPS = { complete: 'outcome', abandon: 'abandoned', reconcile: 'reconciled' } as const

function kindOf(item: LedgerItem | JudgeItem): string {
  if (item.kind === 'complete' && item.status === 'not_sent') return 'not_sent'
  return item.kind === 'complete' || item.kind === 'abandon' || item.kind === 'reconcile' ? STEPS[item.kind] : item.kind
}

/** What few items have, as JSON whose strings are JSON texts again: no NUL and no half of a character gets that far. */
function moreOf(item: LedgerItem | JudgeItem): string | null {
  if (item.kind === 'admit' || item.kind === 'judge') return admitMore(item)
  if (item.kind === 'vote') return voteMore(item)
  return item.kind === 'complete' && item.keep !== undefined ? keyText(item.keep) : null
}

function admitMore({ approval, idempotency }: Partial<Pick<AdmitItem, 'approval' | 'idempotency'>>): string | null {
  if (approval === undefined && idempotency === undefined) return null
  const kept = idempotency === undefined ? {} : { key: findText(idempotency.key), fingerprint: findText(idempotency.fingerprint) }
  if (approval === undefined) return JSON.stringify(kept)
  const { ask, request } = approval
  return JSON.stringify({
    ...kept,
    ask: {
      digest: findText(ask.digest), requester: findText(ask.requester), electorate: ask.electorate.map(keyText),
      ...(ask.approvalId === undefined ? {} : { named: keyText(ask.approvalId) }),
    },
    request: {
      id: keyText(request.id), digest: findText(request.digest), requester: findText(request.requester), quorum: request.quorum, self: request.self.map(keyText),
      request: withoutBrace(request),
    },
  })
}

const voteMore = ({ vote }: VoteItem): string => JSON.stringify({ person: keyText(vote.person), decision: vote.decision, vote: withoutBrace(vote) })

/** What of an open call need not be found, with no braces around it. */
const jobText = ({ principal, job, idempotency }: AdmitItem): string =>
  withoutBrace({ principal, instance: job.instance, tool: job.tool, ...(idempotency === undefined ? {} : { idempotencyKey: idempotency.key }) }).slice(1)

/** The database adds what only it knows, and the brace. */
const withoutBrace = (value: object): string => JSON.stringify(value).slice(0, -1)

/** What is not a number is NULL, which no version is and nothing fits: PostgreSQL would take `'5'` for 5, and has NaN above all numbers. */
const numberOf = (value: unknown): number | null => (typeof value === 'number' && !Number.isNaN(value) ? value : null)

/** In PostgreSQL's text of an array, each quotation mark and backslash has a backslash. */
const sentLength = (text: string | null): number => (text === null ? 0 : Buffer.byteLength(text) + (text.match(/["\\]/g)?.length ?? 0))

/** PostgreSQL's text of an array of numbers: `pg` would quote each. */
export const numbers = (values: readonly (number | null)[]): string => `{${values.map((value) => value ?? 'NULL').join(',')}}`
