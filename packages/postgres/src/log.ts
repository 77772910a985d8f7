import { assertRange, type Checkpoint, type Log, type LogRange } from '@portcullis/core/ports'
import type { Door } from './door.ts'
import { numbers } from './batch.ts'
import { rowsOf, tablesOf } from './tables.ts'
import type { Compilable } from 'kysely'

/** One tenant's log as the checkpointer and the exporter read it. */
export function logOf({ place, tenant, name }: Door): Log {
  const tables = tablesOf(place.schema)
  const read = <T>(query: Compilable<T>): Promise<T[]> => place.transaction(tenant, (client) => rowsOf(client, query))
  const records = ({ from, limit }: LogRange) => {
    assertRange({ from, limit })
    return tables.selectFrom('log').where('tenant_id', '=', tenant)
    .where('seq', '>=', String(from)).where('seq', '<', String(from + limit)).orderBy('seq')
  }
  return {
    async size() {
      const [head] = await read(tables.selectFrom('log_head').select('size').where('tenant_id', '=', tenant))
      return Number(head?.size ?? 0)
    },
    async read(range) {
      const rows = await read(records(range).select(['seq', 'at', 'record']))
      return rows.map(({ seq, at, record }) => ({ seq: Number(seq), at: Number(at), bytes: record }))
    },
    async leaves(range) {
      return (await read(records(range).select('leaf'))).map(({ leaf }) => leaf)
    },
    async nodes(level, { from, limit }) {
      assertRange({ from, limit })
      const rows = await read(tables.selectFrom('log_node').select('hash').where('tenant_id', '=', tenant).where('level', '=', level)
        .where('place', '>=', String(from)).where('place', '<', String(from + limit)).orderBy('place'))
      return rows.map(({ hash }) => hash)
    },
    async latest() {
      const [row] = await read(tables.selectFrom('checkpoint').select(['size', 'root', 'note', 'at']).where('tenant_id', '=', tenant).orderBy('size', 'desc').limit(1))
      return row === undefined ? undefined : { size: Number(row.size), root: row.root, note: row.note, at: Number(row.at) } satisfies Checkpoint
    },
    async integrate({ previous, checkpoint: { size, root, note, at }, nodes }) {
      const [levels, places] = [numbers(nodes.map(({ level }) => level)), numbers(nodes.map(({ index }) => index))]
      return (await place.call('integrate', [tenant, place.role, name, previous, size, Buffer.from(root), note, at, levels, places, Buffer.concat(nodes.map(({ hash }) => hash))])) === true
    },
  }
}
