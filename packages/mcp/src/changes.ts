/** What clients may be told has changed: one of the lists, or a resource that they watch. */
export type Change = { readonly kind: 'tools' | 'prompts' | 'resources' } | { readonly kind: 'resource'; readonly uri: string }

/** Streams that one principal may have open, and all of them together. */
const MOST = { principal: 8, all: 1_024 } as const

export interface Listener {
  readonly tenant: string
  readonly principal: string
  /** Whether the facts that it was opened on may have changed. */
  readonly tell: (change: Change) => void
}

/** Who is told of changes, by tenant: a change of one tenant never reaches, or delays, another's stream (MCP-06). */
export class Listeners {
  readonly #byTenant = new Map<string, Set<Listener>>()
  #all = 0

  /** Undefined when there are too many. The answer ends it. */
  add(listener: Listener): (() => void) | undefined {
    const { tenant, principal } = listener
    const own = this.#byTenant.get(tenant) ?? new Set()
    if (this.#all >= MOST.all || [...own].filter((other) => other.principal === principal).length >= MOST.principal) return undefined
    this.#byTenant.set(tenant, own.add(listener))
    this.#all += 1
    return () => {
      if (!own.delete(listener)) return
      this.#all -= 1
      if (own.size === 0) this.#byTenant.delete(tenant)
    }
  }

  publish(tenant: string, change: Change): void {
    for (const listener of [...(this.#byTenant.get(tenant) ?? [])]) listener.tell(change)
  }
}
