import type { Checkpoint, Log, LogRecord } from '../ports/log.ts'
import { LogFault } from './log-fault.ts'
import { formatVerifierKey } from './note.ts'

/** Records per tile: the leaves of one stored node of level 8. */
const TILE = 256
const MAX_LINE = 1_048_576

/**
 * One tenant's whole log as lines (each ends in a newline), format `portcullis-log/1`:
 *
 *     {"format":"portcullis-log/1","origin":…,"key":<verifier key>,"from":0,"size":<records>,"covered":<records under the checkpoint>}
 *     {"tile":0,"hash":<base64>,"leaves":<base64 of up to 256 leaf hashes>}     before every 256 records
 *     <the exact bytes of record 0>
 *     …
 *     {"checkpoint":<signed note, or null>}
 *
 * The checkpoint binds the first `covered` records; those after it are ordered, not bound. The lines "tile" prove nothing by themselves: they
 * let a verifier name the record that was altered, since the signed root authenticates them too. `hash` is the stored tree's own hash of the
 * tile, present where the checkpoint covers the whole tile. What a line is follows from its position alone, never from its contents.
 *
 * Throws `log_gap` or `record_malformed` where the store cannot give a faithful export.
 */
export async function* exportLog(
  log: Log, { origin, publicKey }: { readonly origin: string; readonly publicKey: Uint8Array },
): AsyncIterable<Uint8Array> {
  // The checkpoint first: the log only grows, so the size read afterwards is never smaller.
  const latest: Checkpoint | undefined = await log.latest()
  const size = await log.size()
  const covered = latest?.size ?? 0
  if (size < covered) throw new LogFault('log_shortened', `the log holds ${size} records, its checkpoint ${covered}`)
  yield line({ format: 'portcullis-log/1', origin, key: formatVerifierKey({ name: origin, publicKey }), from: 0, size, covered })
  for (let from = 0; from < size; from += TILE) {
    const limit = Math.min(TILE, size - from)
    yield line(await tile(log, from, limit, covered))
    yield* records(await log.read({ from, limit }), from, limit)
  }
  yield line({ checkpoint: latest?.note ?? null })
}

async function tile(log: Log, from: number, limit: number, covered: number): Promise<object> {
  const index = from / TILE
  const leaves = await log.leaves({ from, limit })
  if (leaves.length !== limit || leaves.some((leaf) => leaf.length !== 32)) throw new LogFault('log_gap', `leaves are missing from record ${from} on`)
  const encoded = base64(Buffer.concat(leaves))
  if (from + TILE > covered) return { tile: index, leaves: encoded }
  const [hash] = await log.nodes(8, { from: index, limit: 1 })
  if (hash === undefined) throw new LogFault('log_gap', `the stored hash of records ${from} to ${from + TILE - 1} is missing`)
  return { tile: index, hash: base64(hash), leaves: encoded }
}

function* records(page: readonly LogRecord[], from: number, limit: number): Generator<Uint8Array> {
  if (page.length !== limit) throw new LogFault('log_gap', `records are missing from record ${from} on`)
  for (const [offset, { seq, bytes }] of page.entries()) {
    if (seq !== from + offset) throw new LogFault('log_gap', `record ${from + offset} is missing`)
    if (bytes.includes(0x0a) || bytes.length >= MAX_LINE) throw new LogFault('record_malformed', `record ${seq} does not fit on a line`)
    yield Buffer.concat([bytes, NEWLINE])
  }
}

const NEWLINE = Uint8Array.of(0x0a)
const line = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
