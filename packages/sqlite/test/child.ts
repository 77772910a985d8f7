import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))

export interface Child {
  readonly process: ChildProcess
  /** What it said, line by line, as far as it has arrived. */
  readonly lines: readonly string[]
  /** Resolves when a line arrives that the test accepts, and with undefined when the process ends first. */
  until(test: (line: string, count: number) => boolean): Promise<string | undefined>
  /** Resolves when it is gone and everything that it said has arrived. */
  readonly ended: Promise<void>
}

/** Starts a writer. `blocks` limits the size of every file it writes, as a full disk would (POSIX). */
export function startWriter(args: readonly string[], blocks?: number): Child {
  const node = [process.execPath, '--conditions=@portcullis/source', '--no-warnings', WRITER, ...args]
  const command = blocks === undefined ? node : ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', ...node]
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const watchers = new Set<(line: string) => void>()
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    lines.push(line)
    for (const watch of watchers) watch(line)
  })
  const ended = Promise.all([
    new Promise<void>((resolve) => child.once('close', () => resolve())), new Promise<void>((resolve) => reader.once('close', () => resolve())),
  ]).then(() => undefined)
  return {
    process: child, lines, ended,
    until: (test) => new Promise((resolve) => {
      const seen = lines.find((line, index) => test(line, index + 1))
      if (seen !== undefined) return resolve(seen)
      const watch = (line: string): void => {
        if (test(line, lines.length)) finish(line)
      }
      const finish = (line: string | undefined): void => {
        watchers.delete(watch)
        resolve(line)
      }
      watchers.add(watch)
      void ended.then(() => finish(undefined))
    }),
  }
}
