import { Fault } from '@portcullis/core'
import { systemClock } from '@portcullis/core/memory'
import { assertRange, embeddedLedger, published, requiring, revoking, type Clock, type EmbeddedStore, type Log, type LogRange, type Storage, type TenantDoor } from '@portcullis/core/ports'
import { ControlFile, tenantKey } from './control-file.ts'
import { TenantFile } from './tenant-file.ts'

export interface SqliteOptions {
  readonly clock?: Clock
  /** Files of tenants that are kept open at the same time, 256 unless said otherwise. Each takes two descriptors. */
  readonly openFiles?: number
}

interface Opened {
  readonly file: TenantFile
  readonly door: TenantDoor
}

/**
 * Durable storage in a folder of local disk, for one process: a control file and one file a tenant. What a verb has answered
 * survives a crash and a loss of power. The folder stays this storage's own until `close()`.
 * @throws Fault `storage_held` while anybody else has the folder open; `storage_foreign`, `storage_newer`, `storage_corrupt`,
 * `storage_not_durable`, `storage_unwritable`. Doors reject with the same codes, and `storage_missing`, `storage_full`,
 * `storage_closed`, `tenant_id_invalid`.
 */
export function sqliteStorage(folder: string, options: SqliteOptions = {}): Storage {
  return new SqliteStorage(folder, options.clock ?? systemClock, options.openFiles ?? 256)
}

class SqliteStorage implements Storage {
  readonly #control: ControlFile
  readonly #clock: Clock
  readonly #most: number
  /** The one used last is at the end. */
  readonly #opened = new Map<string, Opened>()
  #closed = false

  constructor(folder: string, clock: Clock, most: number) {
    this.#control = new ControlFile(folder)
    this.#clock = clock
    this.#most = Math.max(1, most)
  }

  async tenant(id: string): Promise<TenantDoor> {
    return this.#open(id).door
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const { file } of this.#opened.values()) file.close()
    this.#opened.clear()
    this.#control.close()
  }

  /** A door outlives its file: a file that was closed to make room is opened again when somebody needs it. */
  #open(id: string, door?: TenantDoor): Opened {
    if (this.#closed) throw new Fault('storage_closed', 'The storage is closed.')
    const known = this.#opened.get(id)
    this.#opened.delete(id)
    if (known?.file.broken === false) {
      this.#opened.set(id, known)
      return known
    }
    known?.file.close()
    this.#makeRoom()
    const key = tenantKey(id)
    const place = this.#control.place(key)
    const file = new TenantFile(place, { id: key, generation: this.#control.generation })
    if (!place.ready) this.#control.markReady(key)
    const opened = { file, door: known?.door ?? door ?? this.#door(id) }
    this.#opened.set(id, opened)
    return opened
  }

  /** Work on a file is synchronous, so that none is under way in any of them here. */
  #makeRoom(): void {
    for (const [id, { file }] of this.#opened) {
      if (this.#opened.size < this.#most) return
      this.#opened.delete(id)
      file.close()
    }
  }

  #door(id: string): TenantDoor {
    const file = (): TenantFile => this.#open(id, door).file
    const store: EmbeddedStore = {
      transact: (work) => file().transact(work),
      get view() { return file().view },
      openCalls: (query) => file().openCalls(query),
    }
    const log: Log = {
      size: async () => file().records.size,
      read: async (range) => file().read((records) => records.read(whole(range))),
      leaves: async (range) => file().read((records) => records.leaves(whole(range))),
      nodes: async (level, range) => file().read((records) => records.nodes(level, whole(range))),
      latest: async () => file().read((records) => records.latest()),
      integrate: async (step) => file().change((records) => records.integrate(step)),
    }
    const door: TenantDoor = {
      ledger: embeddedLedger(store, this.#clock), log,
      authorize: async (fingerprint) => file().stand((standing) => published(standing, fingerprint)).authorization,
      standing: async () => file().standing,
      revoke: async (holder) => file().stand((standing) => revoking(standing, holder, this.#clock.now())),
      requirePolicy: async (version) => file().stand((standing) => requiring(standing, version)),
    }
    return door
  }
}

function whole(range: LogRange): LogRange {
  assertRange(range)
  return range
}
