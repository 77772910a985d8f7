import { existsSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Fault } from '@portcullis/core'
import { NO_STANDING, type EmbeddedStore, type LedgerView, type OpenCall, type Standing } from '@portcullis/core/ports'
import { createPrivate, type TenantPlace } from './control-file.ts'
import { openDatabase } from './open-database.ts'
import { TENANT } from './schema.ts'
import { storageFault } from './storage-fault.ts'
import { TenantState } from './tenant-state.ts'
import { TenantRecords } from './tenant-records.ts'
import { readStanding, writeStanding } from './tenant-standing.ts'

/** Whose file it should be, and of which owner of the folder this process is. */
export interface TenantOwner {
  readonly id: Uint8Array
  readonly generation: number
}

/** One tenant's file, open. Everything on it is synchronous: between two calls, nothing is under way. */
export class TenantFile implements EmbeddedStore {
  readonly records: TenantRecords
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #state: TenantState
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync
  #standing = NO_STANDING
  #broken = false

  constructor({ path, ready }: TenantPlace, owner: TenantOwner) {
    if (ready && !existsSync(path)) throw new Fault('storage_missing', `The file ${path} is gone: restore it from a backup.`)
    if (!ready) createPrivate(path)
    this.#path = path
    this.#database = openDatabase(path, TENANT, !ready)
    try {
      this.#begin = this.#database.prepare('BEGIN IMMEDIATE')
      this.#commit = this.#database.prepare('COMMIT')
      this.#rollback = this.#database.prepare('ROLLBACK')
      this.records = new TenantRecords(this.#database, path)
      this.#state = new TenantState(this.#database, this.records, () => this.#standing.authorization)
      this.#standing = this.#write(() => claim(this.#database, owner, path))
    } catch (fault) {
      this.#database.close()
      throw storageFault(path, fault)
    }
  }

  /** A commit failed: only a new look at the disk tells what is there. */
  get broken(): boolean {
    return this.#broken
  }

  get view(): LedgerView {
    return this.#state.view
  }

  transact<T>(work: (view: LedgerView) => T): T {
    return this.#write(() => {
      const answer = work(this.#state.view)
      this.#state.flush()
      return answer
    })
  }

  openCalls(query: { readonly before: number; readonly limit: number }): readonly OpenCall[] {
    return this.read(() => this.#state.openCalls(query))
  }

  /** Changes something besides the ledger, in a transaction of its own. */
  change<T>(work: (records: TenantRecords) => T): T {
    return this.#write(() => work(this.records))
  }

  read<T>(work: (records: TenantRecords) => T): T {
    try {
      return work(this.records)
    } catch (fault) {
      throw storageFault(this.#path, fault)
    }
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Durable before it answers. */
  stand(next: (standing: Standing) => Standing): Standing {
    const changed = next(this.#standing)
    if (changed !== this.#standing) {
      this.#write(() => writeStanding(this.#database, changed))
      this.#standing = changed
    }
    return changed
  }

  close(): void {
    this.#database.close()
  }

  #write<T>(work: () => T): T {
    try {
      this.#begin.run()
      const answer = work()
      this.#broken = true // until the commit is through
      this.#commit.run()
      this.#broken = false
      return answer
    } catch (fault) {
      this.#undo()
      throw storageFault(this.#path, fault)
    } finally {
      this.#state.forget()
    }
  }

  #undo(): void {
    try {
      this.#rollback.run()
      this.records.recount()
    } catch {
      this.#broken = true // SQLite has rolled back by itself, or cannot
    }
  }
}

/** Notes the owner, and hands the calls that a dead one left open to the reconciler. */
function claim(database: DatabaseSync, { id, generation }: TenantOwner, path: string): Standing {
  database.prepare('INSERT INTO tenant (one, id, generation, authorization) VALUES (1, ?, ?, 0) ON CONFLICT DO NOTHING').run(id, generation)
  const row = database.prepare('SELECT id, generation, authorization, fingerprint, minimum_policy, revocations FROM tenant').get()
  if (!(row?.['id'] instanceof Uint8Array) || Buffer.compare(row['id'], id) !== 0) {
    throw new Fault('storage_foreign', `The file ${path} is another tenant's: restore the right one from a backup.`)
  }
  if (row['generation'] !== generation) {
    database.prepare('UPDATE open_call SET deadline = 0').run()
    database.prepare('UPDATE tenant SET generation = ?').run(generation)
  }
  return readStanding(row)
}
