import type { LedgerView } from './view.ts'

const UTF8 = new TextEncoder()

/** What only the store knows of a record. */
export interface Seal {
  readonly step: string
  readonly code?: string
  readonly approval?: string
}

/** Closes a record's body with its place, its time and what was decided about it, and appends it. Answers the place. */
export function sealRecord(view: LedgerView, at: number, body: string, seal: Seal): number {
  const more = seal.code === undefined && seal.approval === undefined ? '' : `,"code":${JSON.stringify(seal.code ?? null)},"approval":${JSON.stringify(seal.approval ?? null)}`
  const text = `${body},"step":"${seal.step}"${more},"seq":${view.size()},"at":"${new Date(at).toISOString()}"}`
  return view.append(at, UTF8.encode(text))
}
