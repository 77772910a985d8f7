import { Fault } from '@portcullis/core'

/** The database does not keep what it must, and says in one sentence what. */
export function wrong(says: string): never {
  throw new Fault('storage_posture', says)
}
