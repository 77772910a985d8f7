import type { LedgerView } from './view.ts'

/** All records of a batch have one time: it is written out once. */
let written = { at: Number.NaN, text: '' }

function timeText(at: number): string {
  if (written.at !== at) written = { at, text: new Date(at).toISOString() }
  return written.text
}

/** What only the store knows of a record. */
export interface Seal {
  readonly step: string
  readonly code?: string
  readonly approval?: string
}

/** Closes a record's body with its place, its time and what was decided about it, and appends it. Answers the place. */
export function sealRecord(view: LedgerView, at: number, body: string, seal: Seal): number {
  const more = seal.code === undefined && seal.approval === undefined ? '' : `,"code":${JSON.stringify(seal.code ?? null)},"approval":${JSON.stringify(seal.approval ?? null)}`
  const text = `${body},"step":"${seal.step}"${more},"seq":${view.size()},"at":"${timeText(at)}"}`
  return view.append(at, Buffer.from(text))
}
