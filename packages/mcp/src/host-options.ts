import type { ServerLike } from './protect/sdk.ts'
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
  /**
   * Makes a server that somebody already wrote, of this SDK line, for each session and each request without one: `McpServer` or `Server`.
   * Its tools, prompts and resources go through the chain, as `ownServer(…)` classified them, and it introduces itself. Absent = there are
   * connectors alone.
   */
  readonly server?: (() => ServerLike | Promise<ServerLike>) | undefined
  /** Told what `server` answered past the guard and what was withheld: Fault `server_leaked`. Default: `console.warn`, with its sentence. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}
