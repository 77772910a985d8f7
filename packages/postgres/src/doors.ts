import type { TenantDoor } from '@portcullis/core/ports'

/** Doors that somebody holds, one a tenant. A door that nobody holds is forgotten: an idle tenant costs nothing. */
export class HeldDoors {
  readonly #doors = new Map<string, WeakRef<TenantDoor>>()
  readonly #forgotten = new FinalizationRegistry<string>((tenant) => {
    if (this.#doors.get(tenant)?.deref() === undefined) this.#doors.delete(tenant)
  })

  get size(): number {
    return this.#doors.size
  }

  /** The same door for whoever asks, so that one process has one queue a tenant. */
  get(tenant: string, make: () => TenantDoor): TenantDoor {
    const known = this.#doors.get(tenant)?.deref()
    if (known !== undefined) return known
    const door = make()
    this.#doors.set(tenant, new WeakRef(door))
    this.#forgotten.register(door, tenant)
    return door
  }

  clear(): void {
    this.#doors.clear()
  }
}
