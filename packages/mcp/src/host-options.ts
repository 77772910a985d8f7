import type { SessionLimits } from './sessions.ts'

/** How a server introduces itself; tells nobody apart. */
export interface ServerInfo {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly instructions?: string | undefined
}

export interface McpHostOptions extends ServerInfo {
  /** Clients of 2025 get sessions: for progress, logs and questions during a call, and for changes. Absent = one answer for one request. */
  readonly sessions?: SessionLimits | undefined
}
