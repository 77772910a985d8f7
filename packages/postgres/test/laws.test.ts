import { afterAll, expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { migrate, postgresStorage } from '@portcullis/postgres'
import { startPostgres, type Connection } from '../../../test-support/postgres-server.ts'
import { manualClock, storageLaws } from '../../testing/src/index.ts'
import { freshDatabase } from './database.ts'

/** Which requirement a law's subject is about. */
const PROVES: Readonly<Record<string, string[]>> = {
  log: ['AU-04', 'EM-02'], quota: ['CH-09', 'EM-02'], approval: ['AP-01', 'EM-02'], call: ['CH-12', 'EM-02'], idempotency: ['CH-14', 'EM-02'],
  tenant: ['IS-01', 'IS-06', 'EM-02'], standing: ['ID-06', 'EM-02'], model: ['EM-02', 'EM-04'],
}

function prove(name: string, server: Connection): void {
  const database = freshDatabase(server)
  let schemas = 0
  const laws = storageLaws(async () => {
    const { owner, app, role } = await database
    const schema = `law_${(schemas += 1)}`
    await migrate(owner, { schema, role, login: app.user })
    const clock = manualClock(Date.UTC(2026, 10, 22, 12))
    const open = () => postgresStorage({ connection: { ...app, max: 4 }, schema, role, now: () => clock.now() })
    let storage = open()
    return {
      storage, clock,
      async reopen() {
        await storage.close()
        storage = open()
        return storage
      },
      dispose: () => storage.close(),
    }
  })
  for (const { id, name: says, check } of laws) verifies(PROVES[id.split('/')[0]!]!, `${name} keeps the law ${id}: ${says}`, check)
}

const oldest = await startPostgres({ version: 15 })
const skipped = 'skipped' in oldest ? oldest.skipped : undefined

afterAll(() => ('skipped' in oldest ? undefined : oldest.stop()))

const servers: [name: string, server: Connection][] = [['PostgreSQL', inject('postgres')], ...('skipped' in oldest ? [] : [['PostgreSQL 15', oldest.superuser] satisfies [string, Connection]])]
for (const [name, server] of servers) prove(name, server)

test('PostgreSQL 15 was asked too', (context) => {
  context.skip(skipped !== undefined, skipped)
  expect(servers).toHaveLength(2)
})
