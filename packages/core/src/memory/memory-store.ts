import type { Approval } from '../approvals/approval.ts'
import type { EmbeddedStore } from '../ledger/embedded.ts'
import type { KeptAnswer, OpenCall } from '../ledger/item.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Usage } from '../quotas/reserve.ts'
import { NO_STANDING, type Standing } from '../tenancy/standing.ts'
import { MemoryLog } from './memory-log.ts'

/** One tenant in memory. Nothing survives the process: for tests and first steps. */
export class MemoryStore implements EmbeddedStore {
  readonly log = new MemoryLog()
  readonly #usage = new Map<string, Usage>()
  readonly #rates = new Map<string, number>()
  readonly #approvals = new Map<string, Approval>()
  readonly #newest = new Map<string, string>()
  readonly #pending = new Set<string>()
  readonly #open = new Map<string, OpenCall>()
  /** In the order in which they expire. */
  readonly #kept = new Map<string, KeptAnswer>()
  #standing = NO_STANDING
  #undo: (() => void)[] | undefined

  change(next: (standing: Standing) => Standing): Standing {
    return (this.#standing = next(this.#standing))
  }

  transact<T>(work: (view: LedgerView) => T): T {
    const length = this.log.length
    const undo: (() => void)[] = []
    this.#undo = undo
    try {
      return work(this.view)
    } catch (fault) {
      for (const back of undo.reverse()) back()
      this.log.shrink(length)
      throw fault
    } finally {
      this.#undo = undefined
    }
  }

  readonly view: LedgerView = {
    authorization: () => this.#standing.authorization,
    usage: (counter) => this.#usage.get(counter),
    setUsage: (counter, usage) => this.#set(this.#usage, counter, usage),
    rate: (key) => this.#rates.get(key),
    setRate: (key, tat) => this.#set(this.#rates, key, tat),
    approval: (id) => this.#approvals.get(id),
    newestApproval: (digest) => {
      const id = this.#newest.get(digest)
      return id === undefined ? undefined : this.#approvals.get(id)
    },
    pendingApprovals: (now, requester) => {
      let count = 0
      for (const id of this.#pending) {
        const approval = this.#approvals.get(id)
        if (approval !== undefined && approval.expiresAt > now && (requester === undefined || approval.requester === requester)) count += 1
      }
      return count
    },
    putApproval: (approval) => {
      const before = this.#approvals.get(approval.id)
      if (before === undefined) this.#set(this.#newest, approval.digest, approval.id)
      this.#set(this.#approvals, approval.id, approval)
      this.#track(approval.id, approval.state === 'pending')
      this.#undo?.push(() => this.#track(approval.id, before?.state === 'pending'))
    },
    kept: (key) => this.#kept.get(key),
    putKept: (kept) => {
      if (this.#kept.get(kept.key)?.callId !== kept.callId) this.#remove(this.#kept, kept.key) // the last to expire is the last in order
      this.#set(this.#kept, kept.key, kept)
    },
    removeKept: (key) => this.#remove(this.#kept, key),
    forgetKept: (now) => {
      let left = 64
      for (const { key, expiresAt } of this.#kept.values()) {
        if (expiresAt > now || left === 0) return
        this.#remove(this.#kept, key)
        left -= 1
      }
    },
    openCall: (callId) => this.#open.get(callId),
    putOpenCall: (call) => this.#set(this.#open, call.callId, call),
    removeOpenCall: (callId) => this.#remove(this.#open, callId),
    append: (at, bytes) => this.log.append(at, bytes),
    size: () => this.log.length,
  }

  openCalls({ before, limit }: { readonly before: number; readonly limit: number }): readonly OpenCall[] {
    return [...this.#open.values()].filter((call) => call.deadline <= before).slice(0, limit)
  }

  #set<V>(map: Map<string, V>, key: string, value: V): void {
    const before = map.get(key)
    map.set(key, value)
    this.#undo?.push(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }

  #remove<V>(map: Map<string, V>, key: string): void {
    const before = map.get(key)
    map.delete(key)
    if (before !== undefined) this.#undo?.push(() => map.set(key, before))
  }

  #track(id: string, pending: boolean): void {
    if (pending) this.#pending.add(id)
    else this.#pending.delete(id)
  }
}
