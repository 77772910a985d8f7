/** What clients may be told has changed: one of the lists, or a resource that they watch. */
export type Change = { readonly kind: 'tools' | 'prompts' | 'resources' } | { readonly kind: 'resource'; readonly uri: string }

/** How many one principal may have, one tenant, and all of them together. */
export interface ListenerLimits {
  readonly principal: number
  readonly tenant: number
  readonly all: number
}

export interface Listener {
  readonly tenant: string
  readonly principal: string
  readonly tell: (change: Change) => void
}

/** Who is told of changes, by tenant: a change of one tenant never reaches, or delays, another's stream (MCP-06). */
export class Listeners {
  readonly #limits: ListenerLimits
  readonly #byTenant = new Map<string, Set<Listener>>()
  #all = 0

  constructor(limits: ListenerLimits) {
    this.#limits = limits
  }

  /** Undefined when there are too many. The answer ends it. */
  add(listener: Listener): (() => void) | undefined {
    const { tenant, principal } = listener
    const own = this.#byTenant.get(tenant) ?? new Set()
    if (this.#all >= this.#limits.all || own.size >= this.#limits.tenant) return undefined
    if ([...own].filter((other) => other.principal === principal).length >= this.#limits.principal) return undefined
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
