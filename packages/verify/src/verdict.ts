/**
 * Why a log is not valid.
 * About records: `record_altered` (its bytes do not have the listed hash: edited, removed, moved, doubled or inserted), `record_malformed`
 * (not a JSON object), `record_out_of_sequence` (its `seq` is not its position), `records_replaced` (somewhere in the tile of 256 that begins
 * with this record), `tile_altered` (the records are whole, the list of hashes beside them is not), `tail_cut` (the pinned checkpoint covers
 * more records than there are). About the whole: `root_mismatch` (not the records that were signed), `history_forked` (a pinned checkpoint
 * tells another history), `header_altered`, `tile_malformed`, `checkpoint_malformed`, `checkpoint_unsigned` (not by the pinned key),
 * `signature_invalid`, `origin_mismatch` (another log), `key_not_pinned` (the file names another key), `trailing_data`, `line_too_long`.
 * Not decidable: `file_truncated`, `format_unknown`, `not_from_start`, `checkpoint_missing`, `key_invalid`, `pinned_invalid`.
 */
export type ProblemCode =
  | 'record_altered' | 'record_malformed' | 'record_out_of_sequence' | 'records_replaced' | 'tile_altered' | 'tail_cut'
  | 'root_mismatch' | 'history_forked' | 'header_altered' | 'tile_malformed' | 'checkpoint_malformed' | 'checkpoint_unsigned'
  | 'signature_invalid' | 'origin_mismatch' | 'key_not_pinned' | 'trailing_data' | 'line_too_long'
  | 'file_truncated' | 'format_unknown' | 'not_from_start' | 'checkpoint_missing' | 'key_invalid' | 'pinned_invalid'

const UNDECIDED: ReadonlySet<ProblemCode> = new Set([
  'file_truncated', 'format_unknown', 'not_from_start', 'checkpoint_missing', 'key_invalid', 'pinned_invalid',
])

export interface Problem {
  readonly code: ProblemCode
  /** The `seq` of the first bad record, where one can be named. */
  readonly record?: number
  /** One sentence; never quotes a record. */
  readonly message: string
}

export interface Verdict {
  /** `valid`: proven. `invalid`: contradicted. `incomplete`: neither can be shown with what was given. */
  readonly verdict: 'valid' | 'invalid' | 'incomplete'
  /** Records read. */
  readonly size: number
  /** Records, from the first, bound by a verified checkpoint. Those after them are ordered, not bound. */
  readonly covered: number
  readonly problem?: Problem
}

/** The part of a verdict that grows while reading. */
export interface Progress {
  size: number
  covered: number
}

/** Ends a verification early. */
export class Finding extends Error {
  readonly problem: Problem

  constructor(code: ProblemCode, message: string, record?: number) {
    super(message)
    this.name = 'Finding'
    this.problem = record === undefined ? { code, message } : { code, record, message }
  }
}

/** The verdict that a problem leads to. */
export function verdictOf({ code }: Problem): 'invalid' | 'incomplete' {
  return UNDECIDED.has(code) ? 'incomplete' : 'invalid'
}
