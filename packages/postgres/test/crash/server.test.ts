import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { createDatabase, startPostgres, type Connection, type PostgresServer } from '../../../../test-support/postgres-server.ts'

async function started(version: 18 | 15): Promise<PostgresServer | undefined> {
  const server = await startPostgres({ version })
  if ('skipped' in server) {
    console.warn(`skipped: ${server.skipped}`)
    return undefined
  }
  onTestFinished(() => server.stop())
  return server
}

async function rows(connection: Connection, text: string): Promise<unknown[]> {
  const client = new pg.Client({ ...connection })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

test('the server of this run is a real, durable one, and each test file makes its own database in it', async () => {
  const own = await createDatabase(inject('postgres'), 'server.test "quoted"')
  expect(await rows(own, `select current_database() as name, current_setting('fsync') as fsync, current_setting('synchronous_commit') as durable`))
    .toEqual([{ name: 'server.test "quoted"', fsync: 'on', durable: 'on' }])
  await expect(rows({ ...own, password: 'wrong' }, 'select 1')).rejects.toThrow('password authentication failed')
})

test.each([18, 15] as const)('PostgreSQL %i: killed, it is dead and has lost nothing committed; stopped, it has left nothing behind', async (version) => {
  const server = await started(version)
  if (server === undefined) return
  const database = await server.createDatabase('some')
  const [at] = await rows(database, `select current_setting('data_directory') as folder, current_setting('server_version_num')::int / 10000 as version`) as [{ folder: string; version: number }]
  expect(at.version).toBe(version)
  await rows(database, 'create table kept (x int); insert into kept values (7)')
  const client = new pg.Client({ ...database })
  client.on('error', () => undefined)
  await client.connect()
  const broken = new Promise((resolve) => client.once('end', () => resolve(undefined)))
  await server.kill()
  await broken
  await expect(rows(database, 'select 1')).rejects.toThrow('ECONNREFUSED')
  await server.restart()
  expect(await rows(database, 'select x from kept')).toEqual([{ x: 7 }])
  await server.kill()
  await server.stop()
  expect(existsSync(at.folder)).toBe(false)
  await expect(rows(database, 'select 1')).rejects.toThrow('ECONNREFUSED')
})

test('a process that is killed takes its server and the data with it', async () => {
  const module = new URL('../../../../test-support/postgres-server.ts', import.meta.url).href
  const script = `import { startPostgres } from '${module}'
    const server = await startPostgres()
    console.log(JSON.stringify(server.superuser))
    setInterval(() => undefined, 1e6)`
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const superuser = JSON.parse(line) as Connection
  const [at] = await rows(superuser, `select current_setting('data_directory') as folder`) as [{ folder: string }]
  child.kill('SIGKILL')
  await expect.poll(() => existsSync(at.folder), { timeout: 20_000 }).toBe(false)
  await expect(rows(superuser, 'select 1')).rejects.toThrow('ECONNREFUSED')
})
