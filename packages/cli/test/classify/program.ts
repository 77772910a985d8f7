import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const NODE = [process.execPath, '--conditions=@portcullis/source', '--no-warnings'] as const

/** The command line that runs a program of this folder. */
export const commandOf = (file: string): string => [...NODE, fileURLToPath(new URL(file, import.meta.url))].map((word) => `'${word}'`).join(' ')

/** Runs `portcullis classify`; the test's own servers go on meanwhile. */
export function classify(args: readonly string[], input = ''): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE[0], [...NODE.slice(1), CLI, 'classify', ...args])
    const [out, err] = [[] as Buffer[], [] as Buffer[]]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }))
    child.stdin.on('error', () => undefined).end(input)
  })
}
