import type { CheckpointSink } from '../ports/checkpoint-sink.ts'
import type { Checkpoint, Log, TreeNode } from '../ports/log.ts'
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import type { SigningKey } from './ed25519.ts'
import { Frontier } from './frontier.ts'
import { emptyRoot, sameHash } from './leaf.ts'
import { LogFault } from './log-fault.ts'
import { openNote, signNote } from './note.ts'
import { Tiles } from './tiles.ts'

export interface CheckpointOptions {
  /** The log's identity and the name of its key, `<deployment>/<opaque tenant>`: one verifier key names exactly one log. */
  readonly origin: string
  readonly key: SigningKey
  /** Milliseconds since 1970. */
  readonly now: number
  /** Public keys that signed earlier checkpoints of this log, after a key rotation. */
  readonly formerKeys?: readonly Uint8Array[]
}

/** How many leaves are read at once. */
const PAGE = 4096

/**
 * Binds everything the log holds by now: integrates the new leaves, signs the new root, stores both, hands the note to the sink.
 * Undefined if there is nothing new, or if another process was faster. Nothing is signed unless the tree still has the root that was signed
 * before. Throws `LogFault` (`log_inconsistent`, `log_shortened`, `log_gap`, note codes, `checkpoint_unpublished`).
 */
export async function checkpoint(log: Log, options: CheckpointOptions & { readonly sink?: CheckpointSink }): Promise<Checkpoint | undefined> {
  const made = await integrate(log, options)
  if (typeof made === 'string') return undefined
  if (options.sink !== undefined) await publish(options.sink, options.origin, made.note)
  return made
}

/** As `checkpoint`, without the sink, and telling why there is none. */
export async function integrate(
  log: Log, { origin, key, now, formerKeys = [] }: CheckpointOptions,
): Promise<Checkpoint | 'nothing_new' | 'overtaken'> {
  const previous = await log.latest()
  const size = await log.size()
  const before = previous?.size ?? 0
  if (size < before) throw new LogFault('log_shortened', `the log holds ${size} records, its checkpoint ${before}`)
  if (size === before) return 'nothing_new'
  if (previous !== undefined) assertSigned(previous, origin, [key.publicKey, ...formerKeys])

  // The frontier of the stored tree must fold to the root that was signed. What is then added to that same frontier can only extend it:
  // this is the consistency proof of RFC 9162 §2.1.4, made and checked in one step.
  const frontier = await Frontier.at(new Tiles(log), before)
  if (!sameHash(frontier.root(), previous?.root ?? emptyRoot())) {
    throw new LogFault('log_inconsistent', `the first ${before} records are not the ones that were signed`)
  }
  const nodes = await addLeaves(log, frontier, size)

  const root = frontier.root()
  const note = await signNote(formatCheckpoint({ origin, size, root }), [{ name: origin, key }])
  openNote(note, [{ name: origin, publicKey: key.publicKey }]) // a key service may have signed something else
  const made: Checkpoint = { size, root, note, at: now }
  return (await log.integrate({ previous: before, checkpoint: made, nodes })) ? made : 'overtaken'
}

/** Throws `checkpoint_unpublished` if the sink fails: the checkpoint is stored, but nobody else holds it yet. */
export async function publish(sink: CheckpointSink, origin: string, note: string): Promise<void> {
  try {
    await sink.publish(origin, note)
  } catch (cause) {
    throw new LogFault('checkpoint_unpublished', 'the checkpoint sink failed', { cause })
  }
}

/** The stored row is believed only as far as its signature goes. */
function assertSigned(stored: Checkpoint, origin: string, publicKeys: readonly Uint8Array[]): void {
  const body = parseCheckpoint(openNote(stored.note, publicKeys.map((publicKey) => ({ name: origin, publicKey }))))
  if (body.origin !== origin || body.size !== stored.size || !sameHash(body.root, stored.root)) {
    throw new LogFault('log_inconsistent', 'the latest checkpoint is not the one that was signed')
  }
}

async function addLeaves(log: Log, frontier: Frontier, size: number): Promise<readonly TreeNode[]> {
  const nodes: TreeNode[] = []
  while (frontier.size < size) {
    const limit = Math.min(PAGE, size - frontier.size)
    const leaves = await log.leaves({ from: frontier.size, limit })
    if (leaves.length !== limit || leaves.some((leaf) => leaf.length !== 32)) {
      throw new LogFault('log_gap', `leaves are missing from record ${frontier.size} on`)
    }
    for (const leaf of leaves) nodes.push(...frontier.add(leaf))
  }
  return nodes
}
