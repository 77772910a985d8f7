import { DatabaseSync } from 'node:sqlite'
import { Fault } from '@portcullis/core'
import type { Schema } from './schema.ts'
import { storageFault } from './storage-fault.ts'

/** SQLite's number for FULL: each commit waits until the disk has it. */
const FULL = 2

/**
 * Opens a file for this process alone, durable and of the current schema, or throws. Only a `fresh` file may be empty: in any other
 * one, an empty file has lost everything.
 * @throws Fault `storage_held`, `storage_foreign`, `storage_newer`, `storage_missing`, `storage_corrupt`, `storage_not_durable`, `storage_unwritable`
 */
export function openDatabase(path: string, schema: Schema, fresh: boolean): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    // Before the first read: whoever reads holds the file from then on, and no index in shared memory is ever made.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    const version = versionOf(database, schema, path)
    if (version === 0 && !fresh) throw new Fault('storage_missing', `What the file ${path} held is gone: restore it from a backup.`)
    makeDurable(database, path)
    migrate(database, schema, version)
    if (fresh) database.exec('PRAGMA wal_checkpoint(TRUNCATE)') // so that the file itself says what it is, whatever becomes of its log
    return database
  } catch (fault) {
    database?.close()
    throw storageFault(path, fault)
  }
}

/** Judges before anything is changed: somebody else's database is not ours to convert. */
function versionOf(database: DatabaseSync, schema: Schema, path: string): number {
  const version = pragma(database, 'user_version')
  const empty = database.prepare('SELECT count(*) AS entries FROM sqlite_schema').get()?.['entries'] === 0
  const ours = pragma(database, 'application_id') === schema.application
  if (!ours && !(empty && version === 0)) throw new Fault('storage_foreign', `The file ${path} is not a database of Portcullis: name another folder.`)
  if (typeof version !== 'number' || version > schema.steps.length) {
    throw new Fault('storage_newer', `The file ${path} was written by a newer version of Portcullis: install that version.`)
  }
  return version
}

function makeDurable(database: DatabaseSync, path: string): void {
  const mode = pragma(database, 'journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON')
  if (mode !== 'wal' || pragma(database, 'synchronous') !== FULL || pragma(database, 'locking_mode') !== 'exclusive') {
    throw new Fault('storage_not_durable', `The file ${path} cannot be made durable on this file system: put the folder on a local disk.`)
  }
}

function migrate(database: DatabaseSync, { application, steps }: Schema, from: number): void {
  steps.slice(from).forEach((step, index) => {
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA application_id = ${application}; PRAGMA user_version = ${from + index + 1}; COMMIT`)
  })
}

function pragma(database: DatabaseSync, text: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${text}`).get() ?? {})[0]
}
