import { Fault } from '../fault.ts'

/**
 * - `log_gap`: the store answered fewer, more or other items than were asked for
 * - `log_shortened`: the log is smaller than its latest checkpoint
 * - `log_inconsistent`: the stored tree no longer has the root that was signed
 * - `log_too_large`: more than 2^32 records
 * - `record_malformed`: a stored record cannot stand on one line of an export
 * - `key_invalid`: not an Ed25519 key, or one that must never be trusted
 * - `note_malformed`, `note_unsigned`, `note_signature_invalid`, `checkpoint_malformed`: see the signed-note and tlog-checkpoint standards
 * - `checkpoint_unpublished`: stored, but the sink did not take it
 * - `checkpoint_file_shortened`: somebody removed checkpoints from the file
 */
export type LogFaultCode =
  | 'log_gap'
  | 'log_shortened'
  | 'log_inconsistent'
  | 'log_too_large'
  | 'record_malformed'
  | 'key_invalid'
  | 'note_malformed'
  | 'note_unsigned'
  | 'note_signature_invalid'
  | 'checkpoint_malformed'
  | 'checkpoint_unpublished'
  | 'checkpoint_file_shortened'

/** Something about an audit log is broken. The message holds sequence numbers and sizes at most, never contents of records. */
export class LogFault extends Fault {
  declare readonly code: LogFaultCode

  constructor(code: LogFaultCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options)
    this.name = 'LogFault'
  }
}
