import type { TestProject } from 'vitest/node'
import { startPostgres, type Connection } from '../../../test-support/postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** How the superuser connects to the one server of this run. Each test file makes its own database there. */
    readonly postgres: Connection
  }
}

/** One server for all test files of a run. `PORTCULLIS_TEST_POSTGRES=15` runs the same files on 15. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ version: process.env['PORTCULLIS_TEST_POSTGRES'] === '15' ? 15 : 18 })
  if ('skipped' in server) throw new Error(server.skipped)
  project.provide('postgres', server.superuser)
  return () => server.stop()
}
