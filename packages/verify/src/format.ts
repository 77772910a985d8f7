import { base64 } from './note.ts'
import { Finding } from './verdict.ts'

/** Records per tile. */
export const TILE = 256
const MAX_SIZE = 2 ** 32

export interface Header {
  readonly origin: string
  readonly key: string
  readonly size: number
  readonly covered: number
}

export interface Tile {
  /** The stored tree's own hash of this tile, where the checkpoint covers all of it. */
  readonly hash: Buffer | undefined
  readonly leaves: readonly Buffer[]
}

/** The first line. Throws `header_altered`, `format_unknown` or `not_from_start`. */
export function readHeader(line: Buffer): Header {
  const { format, origin, key, from, size, covered } = members(line) ?? {}
  if (typeof format === 'string' && format !== 'portcullis-log/1') {
    throw new Finding('format_unknown', 'The file is not in the format portcullis-log/1.')
  }
  const sound = typeof origin === 'string' && typeof key === 'string' && isCount(from) && isCount(size) && isCount(covered) && covered <= size
  if (!sound || !isExactly(line, { format, origin, key, from, size, covered })) {
    throw new Finding('header_altered', 'The first line is not a header of portcullis-log/1.')
  }
  if (from !== 0) throw new Finding('not_from_start', 'The file does not begin with record 0, so the tree cannot be computed.')
  return { origin, key, size, covered }
}

/** The line before every 256 records. Throws `tile_malformed`. */
export function readTile(line: Buffer, index: number, { size, covered }: Header): Tile {
  const { tile, hash, leaves } = members(line) ?? {}
  const count = Math.min(TILE, size - index * TILE)
  const bytes = typeof leaves === 'string' ? base64(leaves) : undefined
  const whole = (index + 1) * TILE <= covered
  const own = typeof hash === 'string' ? base64(hash) : undefined
  const expected = whole ? { tile: index, hash, leaves } : { tile: index, leaves }
  if (tile !== index || bytes?.length !== count * 32 || (whole && own?.length !== 32) || !isExactly(line, expected)) {
    const first = index * TILE
    throw new Finding('tile_malformed', `The line that lists the hashes of records ${first} to ${first + count - 1} is missing or altered.`, first)
  }
  return { hash: own, leaves: Array.from({ length: count }, (_, offset) => bytes.subarray(offset * 32, offset * 32 + 32)) }
}

/** The last line: the note, or null if the log was never checkpointed. Throws `checkpoint_malformed`. */
export function readLast(line: Buffer): string | null {
  const { checkpoint } = members(line) ?? {}
  if ((checkpoint !== null && typeof checkpoint !== 'string') || !isExactly(line, { checkpoint })) {
    throw new Finding('checkpoint_malformed', 'The last line is not a checkpoint.')
  }
  return checkpoint
}

/**
 * What is wrong with a record besides its hash. Only its own `seq` is read: nothing else of a record is interpreted, so that no two parsers
 * can disagree on what was verified.
 */
export function flawOfRecord(line: Buffer, seq: number): 'record_malformed' | 'record_out_of_sequence' | undefined {
  const record = members(line)
  if (record === undefined) return 'record_malformed'
  return record['seq'] === seq ? undefined : 'record_out_of_sequence'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function members(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(line))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    // Without a prototype, so that a missing member is missing whatever it is called.
    return Object.assign(Object.create(null), value) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

/** Our own lines have one spelling: no spaces, no other order, no doubled members, no escapes that are not needed. */
function isExactly(line: Buffer, value: object): boolean {
  return line.equals(Buffer.from(JSON.stringify(value)))
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_SIZE
