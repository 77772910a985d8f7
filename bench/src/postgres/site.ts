import { randomBytes } from 'node:crypto'
import { migrate, postgresStorage } from '@portcullis/postgres'
import type { Storage } from '@portcullis/core/ports'
import pg from 'pg'
import { startPostgres, type Connection } from '../../../test-support/postgres-server.ts'
import type { Figure } from '../measure.ts'
import { BareLog } from './bare-log.ts'
import { parentOf, serverCpu } from './server-cpu.ts'

/** A PostgreSQL of this run's own, with the tables of Portcullis and a bare one beside them. */
export interface Site {
  /** As the application connects, to both. */
  readonly connection: Connection
  readonly storage: Storage
  readonly bare: BareLog
  /** CPU from here to the call (µs): of this process, and of all of PostgreSQL. */
  readonly clock: () => () => Cpu
}

export interface Cpu {
  readonly node: number
  readonly server: number
}

/** Runs with a PostgreSQL and ends it, whatever happens. No figures where there is none. */
export async function withPostgres(run: (site: Site) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const server = await startPostgres()
  if ('skipped' in server) {
    console.error(`  left out: ${server.skipped}`)
    return []
  }
  try {
    const connection = await prepare(await server.createDatabase('bench'))
    const storage = postgresStorage({ connection })
    const bare = new BareLog(connection)
    try {
      const postmaster = parentOf(await bare.backend())
      return await run({ connection, storage, bare, clock: () => clockOf(postmaster) })
    } finally {
      await bare.close()
      await storage.close()
    }
  } finally {
    await server.stop()
  }
}

async function prepare(owner: Connection): Promise<Connection> {
  const login = { ...owner, user: 'bench', password: randomBytes(9).toString('hex') }
  const client = new pg.Client({ ...owner })
  await client.connect()
  try {
    await client.query(`create role ${login.user} login password '${login.password}'`)
    await migrate({ ...owner }, { login: login.user })
    await client.query(`
      create table bare (seq bigint primary key, at bigint not null, record bytea not null);
      create table single (seq bigint primary key, at bigint not null, record bytea not null);
      grant select, insert on bare, single to ${login.user};
    `)
  } finally {
    await client.end()
  }
  return login
}

function clockOf(postmaster: number): () => Cpu {
  const [before, server] = [process.cpuUsage(), serverCpu(postmaster)]
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { node: user + system, server: serverCpu(postmaster) - server }
  }
}
