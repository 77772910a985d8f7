import { randomUUID } from 'node:crypto'

export interface SessionLimits {
  /** Sessions that one principal may have: one more closes the one that was idle longest. */
  readonly perPrincipal?: number | undefined
  /** Of all principals together: then there are no new ones. */
  readonly inAll?: number | undefined
  /** Closed when nothing was asked for so long (ms). */
  readonly idleMs?: number | undefined
}

interface Closable {
  close(): Promise<void>
}

interface Kept<S> {
  readonly owner: string
  readonly session: S
  usedAt: number
}

const DEFAULTS = { perPrincipal: 16, inAll: 1_000, idleMs: 1_800_000 } as const

/**
 * Sessions of 2025 clients, by unguessable ids that are never a client's choice. An id is a name and no capability: it opens the
 * session for the principal that began it, and for anybody else it does not exist. Nothing is kept of what was sent.
 */
export class Sessions<S extends Closable> {
  readonly #limits: { readonly perPrincipal: number; readonly inAll: number; readonly idleMs: number }
  readonly #now: () => number
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept<S>>()

  /** `now` is monotonic, in ms. */
  constructor(limits: SessionLimits, now: () => number) {
    this.#limits = { perPrincipal: limits.perPrincipal ?? DEFAULTS.perPrincipal, inAll: limits.inAll ?? DEFAULTS.inAll, idleMs: limits.idleMs ?? DEFAULTS.idleMs }
    this.#now = now
  }

  get size(): number {
    return this.#kept.size
  }

  /** Makes a session under a new id; undefined when there are too many of everybody's. */
  async begin(owner: string, make: (id: string) => Promise<S>): Promise<S | undefined> {
    this.#expire()
    const own = [...this.#kept].filter(([, kept]) => kept.owner === owner)
    const [idlest] = own
    if (own.length >= this.#limits.perPrincipal && idlest !== undefined) this.end(idlest[0])
    if (this.#kept.size >= this.#limits.inAll) return undefined
    const id = randomUUID()
    const session = await make(id)
    this.#kept.set(id, { owner, session, usedAt: this.#now() })
    return session
  }

  find(id: string, owner: string): S | undefined {
    this.#expire()
    const kept = this.#kept.get(id)
    if (kept === undefined || kept.owner !== owner) return undefined
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
