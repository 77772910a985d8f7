import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './workspace.ts'

/** How a step went. `note` goes on its line, `output` is printed below it if it failed. */
export interface Outcome {
  readonly passed: boolean
  readonly note?: string
  readonly output?: string
}

export interface Step {
  readonly name: string
  readonly run: () => Promise<Outcome>
}

export interface Done extends Outcome {
  readonly name: string
  readonly seconds: number
}

/** Runs one after the other, each with one line on stderr; a step that throws has failed. */
export async function runInOrder(steps: readonly Step[]): Promise<Done[]> {
  const done: Done[] = []
  for (const { name, run } of steps) {
    const start = process.hrtime.bigint()
    const outcome = await run().catch((error: unknown): Outcome => ({ passed: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    process.stderr.write(`${outcome.passed ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s${outcome.note ? `  ${outcome.note}` : ''}\n`)
    if (!outcome.passed && outcome.output) process.stderr.write(`${outcome.output.trimEnd()}\n`)
    done.push({ name, seconds, ...outcome })
  }
  return done
}

/** Runs a program from the root (or `cwd`) and captures what it prints. An installed tool is found by its bare name. */
export function command(program: string, args: readonly string[], cwd: string = ROOT): Promise<Outcome & { readonly output: string }> {
  return new Promise((resolve) => {
    const path = `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
    const child = spawn(program, args, { cwd, env: { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', (error) => { resolve({ passed: false, output: `${program}: ${error.message}` }) })
    child.on('close', (code) => { resolve({ passed: code === 0, output: Buffer.concat(chunks).toString() }) })
  })
}

/** Joins what several commands said into one outcome. */
export function together(outcomes: readonly Outcome[], note: string): Outcome {
  const failed = outcomes.filter(({ passed }) => !passed)
  return { passed: failed.length === 0, note, output: failed.map(({ output }) => output ?? '').join('\n') }
}

/** Leaves `{ passed, failed }` and whatever else is worth keeping in `reports/<name>.json`, where the final count is made from. */
export function writeReport(name: string, report: { readonly passed: number; readonly failed: number } & Readonly<Record<string, unknown>>): void {
  mkdirSync(join(ROOT, 'reports'), { recursive: true })
  writeFileSync(join(ROOT, 'reports', `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
}
