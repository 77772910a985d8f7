import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Connection } from '../../../test-support/postgres-server.ts'

export type Order =
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'prepare'; readonly calls: number }
  | { readonly kind: 'run'; readonly callers: number; readonly forMs: number }
export type Told =
  | { readonly kind: 'ready' }
  /** How long each call took (ms), and CPU (µs). */
  | { readonly kind: 'ran'; readonly took: readonly number[]; readonly cpu: number }
  | { readonly kind: 'failed'; readonly why: string }

/** Processes that call on the same tenant at the same time. */
export class Rivals {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  static async start(count: number, connection: Connection): Promise<Rivals> {
    const path = fileURLToPath(new URL('../rival.ts', import.meta.url))
    const rivals = new Rivals(Array.from({ length: count }, () => fork(path)))
    try {
      for (const child of rivals.#children) await ask(child, { kind: 'open', connection })
      return rivals
    } catch (fault) {
      await rivals.end()
      throw fault
    }
  }

  /** So many of them call for so long, each with so many callers. Answers one entry a process. */
  async run(processes: number, callers: number, forMs: number): Promise<readonly Extract<Told, { kind: 'ran' }>[]> {
    const taking = this.#children.slice(0, processes)
    for (const child of taking) await ask(child, { kind: 'prepare', calls: forMs * MOST / processes })
    return Promise.all(taking.map(async (child) => {
      const told = await ask(child, { kind: 'run', callers, forMs })
      if (told.kind !== 'ran') throw new Error('a rival did not run')
      return told
    }))
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
    }))
  }
}

/** Calls a ms that nothing here gets near. */
const MOST = 25

async function ask(child: ChildProcess, order: Order): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const ended = (): void => reject(new Error('a rival ended'))
  child.once('exit', ended)
  child.once('message', resolve)
  child.send(order)
  try {
    const told = await promise
    if (told.kind === 'failed') throw new Error(`a rival failed: ${told.why}`)
    return told
  } finally {
    child.off('exit', ended)
  }
}
