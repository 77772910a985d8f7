/** A kind of file: `application` marks it as ours, `steps` bring it from version n to n + 1. A published step never changes. */
export interface Schema {
  readonly application: number
  readonly steps: readonly string[]
}

/** One a deployment: who owns the folder, and which file is whose. A tenant's id is never part of a path. */
export const CONTROL: Schema = {
  application: 0x50434331, // PCC1
  steps: [`
    CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL) STRICT;
    INSERT INTO owner VALUES (1, 0);
    CREATE TABLE tenant (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id BLOB NOT NULL UNIQUE,
      ready INTEGER NOT NULL DEFAULT 0 CHECK (ready IN (0, 1))
    ) STRICT;
  `],
}

/** One a tenant. Keys are texts of `keyText`; bodies are JSON; times are milliseconds since 1970. */
export const TENANT: Schema = {
  application: 0x50435431, // PCT1
  steps: [`
    CREATE TABLE tenant (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      id BLOB NOT NULL,
      generation INTEGER NOT NULL,
      authorization INTEGER NOT NULL,
      fingerprint TEXT
    ) STRICT;
    CREATE TABLE record (
      seq INTEGER PRIMARY KEY CHECK (seq >= 0),
      at INTEGER NOT NULL,
      leaf BLOB NOT NULL CHECK (length(leaf) = 32),
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE node (
      level INTEGER NOT NULL CHECK (level IN (8, 16, 24)),
      place INTEGER NOT NULL,
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      PRIMARY KEY (level, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoint (
      size INTEGER PRIMARY KEY,
      root BLOB NOT NULL CHECK (length(root) = 32),
      note TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE usage (
      counter TEXT PRIMARY KEY,
      used INTEGER NOT NULL CHECK (used >= 0),
      reserved INTEGER NOT NULL CHECK (reserved >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rate (key TEXT PRIMARY KEY, tat REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE approval (
      opened INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      digest TEXT NOT NULL,
      requester TEXT NOT NULL,
      pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
      expires_at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX approval_of_digest ON approval (digest);
    CREATE INDEX approval_pending ON approval (expires_at) WHERE pending = 1;
    CREATE INDEX approval_pending_of ON approval (requester, expires_at) WHERE pending = 1;
    CREATE TABLE open_call (
      seq INTEGER PRIMARY KEY REFERENCES record (seq),
      call_id TEXT NOT NULL UNIQUE,
      deadline INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
  `, `
    ALTER TABLE tenant ADD COLUMN minimum_policy INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE tenant ADD COLUMN revocations TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE kept (
      key TEXT PRIMARY KEY,
      expires_at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX kept_until ON kept (expires_at);
  `],
}
