import { LogFault } from './log-fault.ts'

/** What a checkpoint says: the first `size` records of the log `origin` have this `root`. */
export interface CheckpointBody {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** The text of a C2SP tlog-checkpoint, ready to be signed. */
export function formatCheckpoint({ origin, size, root }: CheckpointBody): string {
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
  parseCheckpoint(text) // what we sign, we can read
  return text
}

/** Reads the text of a note as a checkpoint; extension lines are opaque. Throws `checkpoint_malformed`. */
export function parseCheckpoint(text: string): CheckpointBody {
  const lines = text.split('\n')
  const [origin, size, encoded] = lines
  if (lines.pop() !== '' || lines.includes('')) throw malformed()
  if (origin === undefined || size === undefined || encoded === undefined) throw malformed()
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) throw malformed()
  const root = Buffer.from(encoded, 'base64')
  if (root.length !== 32 || root.toString('base64') !== encoded) throw malformed()
  return { origin, size: Number(size), root: Uint8Array.from(root) }
}

const malformed = (): LogFault => new LogFault('checkpoint_malformed', 'not a tlog-checkpoint')
