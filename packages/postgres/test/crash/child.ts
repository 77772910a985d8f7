import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Task } from './task.ts'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))

export interface Writer {
  /** What it said, line by line, as far as it has arrived. */
  readonly lines: readonly string[]
  /** Resolves when it has said so many lines. Rejects when it ends before that. */
  said(count: number): Promise<void>
  /** SIGKILL; resolves when it is gone and everything that it said has arrived. */
  kill(): Promise<void>
}

export function startWriter(task: Task): Writer {
  const child = spawn(process.execPath, ['--conditions=@portcullis/source', '--no-warnings', WRITER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  let errors = ''
  let watch = (): void => undefined
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    lines.push(line)
    watch()
  })
  const ended = Promise.all([
    new Promise<void>((resolve) => child.once('close', () => resolve())), new Promise<void>((resolve) => reader.once('close', () => resolve())),
  ]).then(() => undefined)
  return {
    lines,
    said: (count) => new Promise((resolve, reject) => {
      watch = () => {
        if (lines.length >= count) resolve()
      }
      watch()
      void ended.then(() => reject(new Error(`the writer ended by itself: ${errors.slice(-2_000)}`)))
    }),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
      if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${errors.slice(-2_000)}`)
    },
  }
}
