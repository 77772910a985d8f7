import pg from 'pg'
import type { Connection } from '../../../test-support/postgres-server.ts'

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly Plans?: readonly Node[]
}

/** How one table was reached in one statement. */
export interface Access {
  readonly query: string
  readonly type: string
  readonly table: string
  readonly index: string | undefined
  readonly condition: string | undefined
  readonly filter: string | undefined
}

/** Sessions of this user say how each statement was carried out, inside functions too. Only a superuser may arrange that. */
export const EXPLAIN = (user: string): string => `
  alter role ${user} set session_preload_libraries = 'auto_explain';
  alter role ${user} set auto_explain.log_min_duration = 0;
  alter role ${user} set auto_explain.log_nested_statements = on;
  alter role ${user} set auto_explain.log_format = 'json';
  alter role ${user} set auto_explain.log_level = 'notice';
`

/** One session as the application, with what its statements did. */
export class Explained {
  readonly client: pg.Client
  #seen: Access[] = []

  private constructor(connection: Connection) {
    this.client = new pg.Client({ ...connection })
    this.client.on('notice', ({ message = '' }) => {
      const at = message.indexOf('plan:\n')
      if (at < 0) return
      const { 'Query Text': query, Plan: plan } = JSON.parse(message.slice(at + 6)) as { 'Query Text': string; Plan: Node }
      this.#note(query, plan)
    })
  }

  static async open(connection: Connection): Promise<Explained> {
    const session = new Explained(connection)
    await session.client.connect()
    return session
  }

  /** What the work did, and nothing from before. */
  async of(work: () => Promise<unknown>): Promise<readonly Access[]> {
    this.#seen = []
    await work()
    return this.#seen
  }

  #note(query: string, node: Node): void {
    if (node['Relation Name'] !== undefined || node['Index Name'] !== undefined) {
      this.#seen.push({ query, type: node['Node Type'], table: node['Relation Name'] ?? '', index: node['Index Name'], condition: node['Index Cond'], filter: node.Filter })
    }
    for (const inner of node.Plans ?? []) this.#note(query, inner)
  }
}
