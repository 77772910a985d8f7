import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Msp } from '../vendors/world.ts'
import type { Scene } from './scene.ts'
import { sourceOf, type Finished } from './stage.ts'

const Line = z.looseObject({ seq: z.number(), kind: z.string(), step: z.string(), call: z.string().optional(), tool: z.string().nullish(), status: z.string().optional(), code: z.string().nullish() })
/** One record of the log, as far as the demo reads it. */
export type LogLine = z.infer<typeof Line>

/** Exports one tenant's log, on SQLite while the gateway is stopped. Answers the key that verifies it. */
export async function exportLog(scene: Scene, tenant: Msp, out: string): Promise<string> {
  const { stage, store, gateway } = scene
  const { status, output } = await stage.run(sourceOf('export.ts'), ['--folder', stage.folder, '--store', store, '--url', gateway.url, '--tenant', tenant, '--out', out])
  if (status !== 0) throw new Error(`The export ended with status ${status}.`)
  return z.object({ key: z.string() }).parse(JSON.parse(output)).key
}

/** Names of the tools of all calls whose results were let out, sorted. */
export const released = (records: readonly LogLine[]): readonly string[] =>
  records.filter(({ step, status, code }) => step === 'outcome' && status === 'succeeded' && code === undefined).map(({ tool }) => tool ?? '').toSorted()

/** Calls that were announced, and of which nothing says how they went. */
export function openIntents(records: readonly LogLine[]): readonly LogLine[] {
  const closed = new Set(records.filter(({ step }) => ['outcome', 'reconciled', 'abandoned'].includes(step)).map(({ call }) => call))
  return records.filter(({ step, call }) => step === 'intent' && !closed.has(call))
}

/** The records among the lines of an export: all but the header, the lists of hashes and the checkpoint. */
export async function recordsIn(file: string): Promise<readonly LogLine[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  return lines.flatMap((line) => Line.safeParse(JSON.parse(line)).data ?? [])
}

/** The verifier in a process of its own: it has the file, the key and an earlier checkpoint, and nothing of the gateway. */
export function verify(scene: Scene, file: string, pins: { readonly key: string; readonly checkpoint: string }): Promise<Finished> {
  const cli = fileURLToPath(new URL('cli.ts', import.meta.resolve('@portcullis/verify')))
  return scene.stage.run(cli, [file, '--key', pins.key, '--checkpoint', pins.checkpoint, '--json'])
}
