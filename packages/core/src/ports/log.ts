/** One record of a log. */
export interface LogRecord {
  /** 0-based and gapless: the index of the record's leaf in the tree. */
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** The exact bytes that were stored: one JSON object in UTF-8, no newline. */
  readonly bytes: Uint8Array
}

/** A stored node stands for a full subtree of 2^level leaves. */
export type TreeLevel = 8 | 16 | 24

/** The hash of the leaves `index * 2^level` up to (not including) `(index + 1) * 2^level`. */
export interface TreeNode {
  readonly level: TreeLevel
  readonly index: number
  readonly hash: Uint8Array
}

/** A signed statement: the first `size` records have this `root` (RFC 9162). `note` is the C2SP signed note, `at` is in milliseconds. */
export interface Checkpoint {
  readonly size: number
  readonly root: Uint8Array
  readonly note: string
  readonly at: number
}

/** `limit` items beginning with number `from`; an answer is shorter only where the log ends. Whole numbers, or the store refuses. */
export interface LogRange {
  readonly from: number
  readonly limit: number
}

/** What a checkpointer adds in one transaction. `previous` is the size of the checkpoint it built upon, 0 if there was none. */
export interface LogStep {
  readonly previous: number
  readonly checkpoint: Checkpoint
  readonly nodes: readonly TreeNode[]
}

/** ONE tenant's append-only log, as the checkpointer and the exporter read it. Appending is the ledger's business. */
export interface Log {
  /** How many records are durable. */
  size(): Promise<number>
  /** Records in order of `seq`. */
  read(range: LogRange): Promise<readonly LogRecord[]>
  /** The stored leaf hashes, SHA-256(0x00 || bytes), 32 bytes each. */
  leaves(range: LogRange): Promise<readonly Uint8Array[]>
  /** Stored nodes of one level in order of `index`; shorter where later ones are not integrated yet. */
  nodes(level: TreeLevel, range: LogRange): Promise<readonly Uint8Array[]>
  /** The largest checkpoint. */
  latest(): Promise<Checkpoint | undefined>
  /** Stores nodes and checkpoint in one transaction. False, and nothing stored, if the latest checkpoint is no longer of size `previous`, if the new one is not larger, or if the log is shorter. */
  integrate(step: LogStep): Promise<boolean>
}
