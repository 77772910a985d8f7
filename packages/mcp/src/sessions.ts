import { randomUUID } from 'node:crypto'

export interface SessionLimits {
  /** Sessions that one principal may have: one more closes the one that was idle longest. */
  readonly perPrincipal?: number | undefined
  /** Of one tenant: then its principals get no new ones, and everybody else's do. */
  readonly perTenant?: number | undefined
  /** Of all together: then there are no new ones. */
  readonly inAll?: number | undefined
  /** Closed when nothing was asked for so long (ms). */
  readonly idleMs?: number | undefined
}

interface Closable {
  close(): Promise<void>
}

/** Whose a session is. It is counted by tenant and principal, and found by the authority that it was begun with. */
export interface SessionOwner {
  readonly tenant: string
  readonly principal: string
  readonly authority: string
}

interface Kept<S> {
  readonly owner: SessionOwner
  readonly session: S
  usedAt: number
}

const DEFAULTS = { perPrincipal: 16, perTenant: 250, inAll: 1_000, idleMs: 1_800_000 } as const

/**
 * Sessions of 2025 clients, by unguessable ids that are never a client's choice. An id is a name and no capability: it opens the
 * session for requests of the authority that began it, and for any other it does not exist. Nothing is kept of what was sent.
 */
export class Sessions<S extends Closable> {
  readonly #limits: { readonly [K in keyof typeof DEFAULTS]: number }
  readonly #now: () => number
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept<S>>()

  /** `now` is monotonic, in ms. */
  constructor(limits: SessionLimits, now: () => number) {
    const { perPrincipal, perTenant, inAll, idleMs } = DEFAULTS
    this.#limits = { perPrincipal: limits.perPrincipal ?? perPrincipal, perTenant: limits.perTenant ?? perTenant, inAll: limits.inAll ?? inAll, idleMs: limits.idleMs ?? idleMs }
    this.#now = now
  }

  get size(): number {
    return this.#kept.size
  }

  /** Makes a session under a new id; undefined when there are too many of the tenant's, or of everybody's. Sync: what is counted is there. */
  begin(owner: SessionOwner, make: (id: string) => S): { readonly id: string; readonly session: S } | undefined {
    this.#expire()
    const neighbours = [...this.#kept].filter(([, kept]) => kept.owner.tenant === owner.tenant)
    const own = neighbours.filter(([, kept]) => kept.owner.principal === owner.principal)
    const [idlest] = own
    const ended = own.length >= this.#limits.perPrincipal && idlest !== undefined ? 1 : 0
    if (neighbours.length - ended >= this.#limits.perTenant || this.#kept.size - ended >= this.#limits.inAll) return undefined
    if (ended === 1 && idlest !== undefined) this.end(idlest[0])
    const id = randomUUID()
    const session = make(id)
    this.#kept.set(id, { owner, session, usedAt: this.#now() })
    return { id, session }
  }

  find(id: string, { authority }: SessionOwner): S | undefined {
    this.#expire()
    const kept = this.#kept.get(id)
    if (kept === undefined || kept.owner.authority !== authority) return undefined
    kept.usedAt = this.#now()
    this.#kept.delete(id)
    this.#kept.set(id, kept)
    return kept.session
  }

  end(id: string): void {
    const kept = this.#kept.get(id)
    this.#kept.delete(id)
    void kept?.session.close().catch(() => undefined)
  }

  endAll(): void {
    for (const id of [...this.#kept.keys()]) this.end(id)
  }

  #expire(): void {
    const before = this.#now() - this.#limits.idleMs
    for (const [id, { usedAt }] of this.#kept) {
      if (usedAt > before) return
      this.end(id)
    }
  }
}
