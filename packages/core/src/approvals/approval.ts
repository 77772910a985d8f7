/** One vote. `person` is the human being behind the account that voted. */
export interface Vote {
  readonly person: string
  readonly principal: string
  readonly decision: 'approve' | 'refuse'
  readonly reason: string
  readonly at: number
}

/** What a request for approval says when it is opened: everything that a voter is shown, and what it is bound to. */
export interface ApprovalRequest {
  readonly id: string
  /** SHA-256 hex of the exact call: see `digest.ts`. */
  readonly digest: string
  /** Human and agent client, or the service account: never a session or a token. */
  readonly requester: string
  /** Persons who count as the requester's self. */
  readonly self: readonly string[]
  readonly customer: string | undefined
  readonly tool: string
  readonly instance: string
  /** Canonical JSON of the frozen arguments: shown whole. */
  readonly arguments: string
  /** Canonical JSON of what the caller sent: a resumed call goes through the gates with it again. */
  readonly sent: string
  readonly quorum: number
}

/** A request with what became of it. All times in ms. */
export interface Approval extends ApprovalRequest {
  readonly state: 'pending' | 'granted' | 'refused' | 'consumed' | 'stale'
  readonly openedAt: number
  /** End of the voting, then of the grant. */
  readonly expiresAt: number
  readonly votes: readonly Vote[]
  /** When it was refused or consumed. */
  readonly closedAt?: number | undefined
}

/** How long a request may be voted on (ms). */
export const VOTING_WINDOW = 24 * 3_600_000
/** How long a grant may be used (ms). */
export const GRANT_WINDOW = 3_600_000
/** After a refusal or a use, the same call opens no new request for so long (ms). */
export const COOL_DOWN = 15 * 60_000
/** Pending requests at the most. */
export const MAX_PENDING = { requester: 20, tenant: 200 } as const
