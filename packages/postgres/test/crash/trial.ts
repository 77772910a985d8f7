import { setTimeout as pause } from 'node:timers/promises'
import { migrate, postgresStorage } from '@portcullis/postgres'
import type { PostgresServer } from '../../../../test-support/postgres-server.ts'
import { ask, freshDatabase, type Database } from '../database.ts'
import { auditTenant, type Audit } from './audit.ts'
import { startWriter, type Writer } from './child.ts'
import { random } from './random.ts'

/** What is killed: the writers one after the other, or the server below them. */
export type Kind = 'process' | 'server'

export interface Trial extends Audit {
  readonly kind: Kind
  readonly seed: number
  readonly writers: number
  readonly rejected: number
}

/** Answers that a writer must give after the crash of somebody else. */
const GOES_ON = 150

/** Of so many earlier runs it is looked whether they are as they were. */
const EARLIER = 20
/** How long something may take that takes less than a second on an idle machine (ms). */
const PATIENCE = 60_000

/** One server and one database for many trials; each has a tenant of its own, and the earlier ones must not change any more. */
export class Arena {
  readonly #server: PostgresServer
  readonly #database: Database
  readonly #sizes = new Map<string, number>()

  private constructor(server: PostgresServer, database: Database) {
    this.#server = server
    this.#database = database
  }

  static async on(server: PostgresServer): Promise<Arena> {
    const database = await freshDatabase(server.superuser)
    await migrate(database.owner, { role: database.role, login: database.app.user })
    return new Arena(server, database)
  }

  /** The seed decides how many writers there are, and when who is killed. A run that breaks off is one with a problem. */
  async run(kind: Kind, seed: number): Promise<Trial> {
    try {
      return await this.#run(kind, seed)
    } catch (error) {
      const problems = [`the run broke off: ${error instanceof Error ? error.message : String(error)}`]
      return { kind, seed, writers: 0, records: 0, acknowledged: 0, rejected: 0, reconciled: 0, approvals: 0, keys: 0, problems }
    }
  }

  async #run(kind: Kind, seed: number): Promise<Trial> {
    const next = random(seed)
    const tenant = `${kind}-${seed}-${this.#sizes.size}`
    const { app, role } = this.#database
    const names = next() < 0.5 ? ['one'] : ['one', 'two']
    const writers = names.map((name) => startWriter({ connection: app, role, tenant, name, callers: 64 }))
    try {
      await soon('the writers began', Promise.all(writers.map((writer) => writer.said(1 + Math.floor(next() * 1_200)))))
      await pause(next() * 25)
      if (kind === 'server') await this.#server.kill()
      const survivors = kind === 'server' ? writers : writers.slice(1)
      if (kind === 'process') await writers[0]?.kill()
      await pause(kind === 'server' ? next() * 50 : 0)
      if (kind === 'server') await this.#server.restart()
      const before = survivors.map(records)
      await soon('the survivors went on', Promise.all(survivors.map((writer, index) => goneOn(writer, (before[index] ?? 0) + GOES_ON))))
      await pause(next() * 25)
    } finally {
      await Promise.all(writers.map((writer) => writer.kill()))
    }
    const rejected = writers.map(({ lines }) => lines.filter((line) => line.startsWith('rejected ')).length)
    const audit = await this.#audit(tenant, writers.flatMap(({ lines }) => lines))
    const silent = kind === 'server' && rejected.includes(0) ? ['a writer was in the middle of its work and was rejected nothing'] : []
    return { ...audit, problems: [...audit.problems, ...silent], kind, seed, writers: writers.length, rejected: rejected.reduce((sum, count) => sum + count) }
  }

  async #audit(tenant: string, said: readonly string[]): Promise<Audit> {
    await this.#quiet()
    const storage = postgresStorage({ connection: { ...this.#database.app, max: 4 }, role: this.#database.role })
    try {
      const audit = await auditTenant(await storage.tenant(tenant), said)
      const problems: string[] = []
      for (const [earlier, size] of [...this.#sizes].slice(-EARLIER)) {
        const now = await (await storage.tenant(earlier)).log.size()
        if (now !== size) problems.push(`the log of ${earlier} had ${size} records and has ${now}`)
      }
      this.#sizes.set(tenant, await (await storage.tenant(tenant)).log.size())
      return { ...audit, problems: [...audit.problems, ...problems] }
    } finally {
      await storage.close()
    }
  }

  /** The server ends what a dead client had begun: only then is it said what there is. */
  async #quiet(): Promise<void> {
    const query = `select count(*)::int as count from pg_stat_activity where usename = $1`
    while ((await ask<{ count: number }>(this.#database.superuser, query, [this.#database.app.user]))[0]?.count !== 0) await pause(5)
  }
}

function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = pause(PATIENCE, undefined, { ref: false }).then(() => Promise.reject(new Error(`it took more than ${PATIENCE / 1_000} seconds until ${what}`)))
  return Promise.race([promise, late])
}

const records = ({ lines }: Writer): number => lines.filter((line) => /^(?:intent|outcome) /.test(line)).length

async function goneOn(writer: Writer, count: number): Promise<void> {
  for (let lines = writer.lines.length; records(writer) < count; lines = writer.lines.length) await writer.said(lines + 1)
}
