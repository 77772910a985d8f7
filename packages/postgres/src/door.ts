import type { Destination } from './places.ts'

/** One tenant's way in: where its data is, and how it is called there. */
export interface Door extends Destination {
  /** What stands for the tenant in keys. */
  readonly tenant: string
  /** The tenant's id as JSON text, for whoever looks at the database. */
  readonly name: string
  /** This process's name in leases. */
  readonly owner: string
  /** The time to use (ms), or null for the database's own. */
  readonly now: () => number | null
}
