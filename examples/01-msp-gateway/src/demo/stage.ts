import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How long a process may take to say where it listens, and to end when asked (ms). */
const PATIENCE = 20_000

/** One process of the demo that listens somewhere. */
export interface Running {
  readonly url: string
  /** Asks it to end, and waits until it has. */
  readonly stop: () => Promise<void>
  /** Ends it without a word (SIGKILL). */
  readonly kill: () => Promise<void>
}

/** What a process that ends by itself had to say. */
export interface Finished {
  readonly status: number | null
  readonly output: string
}

/** Everything that the demo starts and writes; afterwards nothing of it is left. */
export class Stage implements AsyncDisposable {
  readonly folder: string
  readonly #children = new Set<ChildProcess>()
  /** What the others stand on. */
  #ground: ChildProcess | undefined

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'portcullis-demo-')))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Starts a program of this example that prints one JSON line with its `url` once it listens. */
  start(program: string, args: readonly string[]): Promise<Running> {
    return this.#listening(program, this.#spawn(['--import', sourceOf('with-parent.ts'), sourceOf(program), ...args], 'pipe'))
  }

  /**
   * As `start`, for what the others stand on: it ends after them, a Ctrl-C in the terminal does not reach it, and whatever ends the demo
   * ends its standard input: then it has to end by itself and to remove the demo's folder.
   */
  async startGround(program: string, args: readonly string[]): Promise<Running> {
    await chmod(this.folder, 0o711) // other accounts may pass through to what is theirs
    const child = this.#spawn([sourceOf(program), ...args], 'pipe', true)
    this.#children.delete(child)
    this.#ground = child
    return this.#listening(program, child)
  }

  async #listening(program: string, child: ChildProcess): Promise<Running> {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const first = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => undefined), expired()])
    if (first === undefined) throw new Error(`${program} did not start.`)
    const { url } = JSON.parse(String(first[0])) as { url: string }
    return { url, stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') }
  }

  /** Runs a program to its end. */
  async run(file: string, args: readonly string[]): Promise<Finished> {
    const child = this.#spawn([file, ...args], 'ignore')
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, output }
  }

  #spawn(args: readonly string[], input: 'ignore' | 'pipe', detached = false): ChildProcess {
    // The same flags as the demo's own: they say that workspace packages are read from their sources.
    const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: [input, 'pipe', 'inherit'], env: {}, detached })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#children, (child) => end(child, 'SIGTERM')))
    if (this.#ground !== undefined) await end(this.#ground, 'SIGTERM')
    await rm(this.folder, { recursive: true, force: true })
  }

  /** For a demo that is ended from outside: there is no time to ask. */
  abandon(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    if (this.#ground !== undefined && this.#ground.exitCode === null && this.#ground.signalCode === null) return // the folder is its care now
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** An address on this machine where nobody listens yet. */
export async function freeUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

/** A program of this example, by its path below `src`. */
export const sourceOf = (program: string): string => fileURLToPath(new URL(`../${program}`, import.meta.url))

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  if ((await Promise.race([exited, expired()])) !== undefined) return
  child.kill('SIGKILL')
  await exited
}

const expired = (): Promise<undefined> => delay(PATIENCE, undefined, { ref: false })
