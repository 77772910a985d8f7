import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '@portcullis/core'
import { openDatabase } from './open-database.ts'
import { CONTROL } from './schema.ts'
import { storageFault } from './storage-fault.ts'

/** Where a tenant's file is. `ready`: it has been there before, so that a file that is gone is never taken for a new tenant. */
export interface TenantPlace {
  readonly path: string
  readonly ready: boolean
}

const UTF8 = new TextEncoder()

/** The folder's owner and register. As long as it is open, nobody else opens the folder. */
export class ControlFile {
  /** Raised by each owner of the folder: what an earlier one left open belongs to a process that is dead. */
  readonly generation: number
  readonly #folder: string
  readonly #path: string
  readonly #database: DatabaseSync

  constructor(folder: string) {
    this.#folder = resolve(folder)
    this.#path = join(this.#folder, 'control.db')
    makeFolder(this.#folder)
    createPrivate(this.#path)
    this.#database = openDatabase(this.#path, CONTROL, true)
    try {
      const owner = this.#database.prepare('UPDATE owner SET generation = generation + 1 RETURNING generation').get()
      const [damage] = Object.values(this.#database.prepare('PRAGMA quick_check(1)').get() ?? {})
      if (typeof owner?.['generation'] !== 'number' || damage !== 'ok') throw new Fault('storage_corrupt', `The file ${this.#path} is damaged: move it away and restore it from a backup.`)
      this.generation = owner['generation']
    } catch (fault) {
      this.#database.close()
      throw storageFault(this.#path, fault)
    }
  }

  /** The place of a tenant's file; a new tenant gets one. */
  place(id: Uint8Array): TenantPlace {
    try {
      const find = this.#database.prepare('SELECT number, ready FROM tenant WHERE id = ?')
      const row = find.get(id) ?? this.#database.prepare('INSERT INTO tenant (id) VALUES (?) RETURNING number, ready').get(id)
      return { path: join(this.#folder, `tenant-${String(row?.['number'])}.db`), ready: row?.['ready'] === 1 }
    } catch (fault) {
      throw storageFault(this.#path, fault)
    }
  }

  markReady(id: Uint8Array): void {
    try {
      this.#database.prepare('UPDATE tenant SET ready = 1 WHERE id = ?').run(id)
    } catch (fault) {
      throw storageFault(this.#path, fault)
    }
  }

  close(): void {
    this.#database.close()
  }
}

/** @throws Fault `tenant_id_invalid` unless 1 to 1024 characters of well-formed Unicode: ids that differ stay different as bytes. */
export function tenantKey(id: string): Uint8Array {
  if (typeof id !== 'string' || id.length === 0 || id.length > 1024 || !id.isWellFormed()) {
    throw new Fault('tenant_id_invalid', 'A tenant id is 1 to 1024 characters of well-formed Unicode.')
  }
  return UTF8.encode(id)
}

/** A new file is for its owner only. Never opens one that exists: closing it here would let go of SQLite's lock on it (POSIX). */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new Fault('storage_unwritable', `The file ${path} cannot be made: give this process the right to write there.`, { cause })
  }
}

function makeFolder(folder: string): void {
  try {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) === undefined || process.platform === 'win32') return
    const parent = openSync(dirname(folder), 'r') // a folder whose name is lost takes its files with it
    try {
      fsyncSync(parent)
    } finally {
      closeSync(parent)
    }
  } catch (cause) {
    throw new Fault('storage_unwritable', `The folder ${folder} cannot be made: give this process the right to write there.`, { cause })
  }
}
