import { Fault } from '@portcullis/core'

/** SQLite's primary result codes that mean something to whoever runs this. */
const KNOWN: Readonly<Record<number, readonly [code: string, says: string]>> = {
  5: ['storage_held', 'is in use by another owner: stop the other process, or close the other storage of this one, before you open it here.'],
  6: ['storage_held', 'is in use by another owner: stop the other process, or close the other storage of this one, before you open it here.'],
  8: ['storage_unwritable', 'cannot be written: give this process the right to write there.'],
  11: ['storage_corrupt', 'is damaged: move it away and restore it from a backup.'],
  13: ['storage_full', 'has no room left: free disk space, then try again.'],
  14: ['storage_unwritable', 'cannot be opened: give this process the right to read and write there.'],
  26: ['storage_foreign', 'is not a database of Portcullis: name another folder.'],
}

/** SQLite's codes for one value that does not fit, as opposed to a file that does not work: too big, constraint, mismatch, range. */
const OF_AN_ITEM = new Set([18, 19, 20, 25])

/**
 * What went wrong with a file, as one sentence with a stable code: `storage_held`, `storage_unwritable`, `storage_full`,
 * `storage_corrupt`, `storage_foreign` or, for anything else that SQLite reports of it, `storage_failed`. An error
 * that one item caused stays what it is, so that the ledger's queue refuses that item alone.
 */
export function storageFault(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') return cause
  if (OF_AN_ITEM.has(cause.errcode & 0xff)) return cause
  const [code, says] = KNOWN[cause.errcode & 0xff] ?? ['storage_failed', 'could not be read or written.']
  return new Fault(code, `The file ${path} ${says}`, { cause })
}
