import type pg from 'pg'
import { TENANT_TABLES } from './migrations/0002-policies.ts'
import { FUNCTIONS } from './migrations/0003-step.ts'

/** A right in a schema of somebody who is not the owner of the thing. */
export interface Right {
  /** Such as `insert on table log`, `execute on function step`, with `, to be passed on` where that is so. */
  readonly says: string
  /** Null: everybody. */
  readonly holder: string | null
}

/** Everything that was granted in the schema and on it, defaults included, column by column where it was. */
export async function readRights(client: pg.ClientBase, schema: string): Promise<readonly Right[]> {
  const { rows } = await client.query<Right>(`
    with things as (
      select 'schema' as kind, n.nspname::text as name, n.nspowner as owner, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl from pg_namespace n where n.nspname = $1
      union all select 'table', c.relname, c.relowner, coalesce(c.relacl, acldefault('r', c.relowner)) from pg_class c
        where c.relnamespace = (select oid from pg_namespace where nspname = $1) and c.relkind not in ('i', 'I', 't', 'c')
      union all select 'column', c.relname || '.' || a.attname, c.relowner, a.attacl from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = (select oid from pg_namespace where nspname = $1) and a.attacl is not null
      union all select 'function', p.proname, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)) from pg_proc p
        where p.pronamespace = (select oid from pg_namespace where nspname = $1))
    select lower(a.privilege_type) || ' on ' || t.kind || ' ' || t.name || case when a.is_grantable then ', to be passed on' else '' end as says,
      case when a.grantee <> 0 then coalesce(r.rolname, a.grantee::text) end as holder
    from things t cross join lateral aclexplode(t.acl) a left join pg_roles r on r.oid = a.grantee where a.grantee <> t.owner order by 1, 2`, [schema])
  return rows
}

/** What the application's role has, and nobody else has anything. */
export function wantedRights(schema: string): ReadonlySet<string> {
  const tables = Object.entries({ ...TENANT_TABLES, migration: '' }).flatMap(([table, more]) =>
    ['select', ...more.split(', ').filter(Boolean)].map((right) => `${right} on table ${table}`))
  return new Set([`usage on schema ${schema}`, ...tables, ...FUNCTIONS.map(({ name }) => `execute on function ${name}`)])
}
