import type { Looks } from './law.ts'
import type { StorageSubject } from './subject.ts'

/** A law before it is bound to an implementation. Each check gets a subject of its own. */
export interface StorageLaw {
  readonly id: string
  readonly name: string
  readonly check: (subject: StorageSubject, looks: Looks) => Promise<void>
}
