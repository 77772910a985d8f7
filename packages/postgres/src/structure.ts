import type pg from 'pg'

/** Each table of a schema as text: columns, constraints and indexes as PostgreSQL itself says them, and what inherits. */
export type Structure = ReadonlyMap<string, string>

/**
 * From here to the end of the transaction, PostgreSQL says the same thing with the same words: names of the schema without it, values in one notation.
 * `sqlSchema` is quoted already.
 */
export const sayAlike = (sqlSchema: string): string => `
  set local search_path = ${sqlSchema}, pg_temp;
  set local bytea_output = hex;
  set local quote_all_identifiers = off;
  set local standard_conforming_strings = on`

/** After `sayAlike`. Constraints of NOT NULL are said with the column: some versions have them as constraints, too. */
export async function readStructure(client: pg.ClientBase, schema: string): Promise<Structure> {
  const { rows } = await client.query<{ name: string; text: string }>(`
    select c.relname as name, concat_ws(E'\\n', 'kind ' || c.relkind::text || c.relpersistence::text,
      (select string_agg(format('column %s %s collate %s %s generated %s identity %s default %s', a.attname, format_type(a.atttypid, a.atttypmod),
        coalesce((select collname from pg_collation where oid = a.attcollation), 'none'), case when a.attnotnull then 'not null' else 'null' end,
        a.attgenerated, a.attidentity, coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')), E'\\n' order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      (select string_agg(format('constraint %s of %s %s', k.conname, k.conrelid::regclass, pg_get_constraintdef(k.oid)), E'\\n' order by k.conrelid::regclass::text collate "C", k.conname)
        from pg_constraint k where c.oid in (k.conrelid, k.confrelid) and k.contype <> 'n'),
      (select string_agg(replace(pg_get_indexdef(i.indexrelid), format(' ON %I.', n.nspname), ' ON ') || case when i.indisvalid then '' else ' invalid' end, E'\\n' order by x.relname)
        from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid),
      (select string_agg(format('%s inherits %s', h.inhrelid::regclass, h.inhparent::regclass), E'\\n' order by h.inhrelid, h.inhparent)
        from pg_inherits h where c.oid in (h.inhrelid, h.inhparent))) as text
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind not in ('i', 'I', 't')`, [schema])
  return new Map(rows.map(({ name, text }) => [name, text]))
}
