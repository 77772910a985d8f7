import type { SqlFunction } from './sql-function.ts'

/** What the store knows about a tenant's facts. */
export const STANDING_OF: SqlFunction = {
  name: 'standing_of', parameters: 'p_tenant text, p_role text', returns: 'text',
  body: `
begin
  perform enter(p_tenant, p_role);
  return standing_text(p_tenant);
end
`,
}

/** Of these tenants, the places and standings of those whose version is not the one given. Each is asked about as itself. */
export const CHANGED: SqlFunction = {
  name: 'changed', parameters: 'p_role text, p_tenants text[], p_versions double precision[]', returns: 'text',
  body: `
declare
  v_answers text := '';
  v_version bigint;
  i record;
begin
  for i in select * from unnest(p_tenants, p_versions) with ordinality as t(tenant, version, place) loop
    perform enter(i.tenant, p_role);
    select h.version into v_version from log_head h where h.tenant_id = i.tenant;
    if coalesce(v_version, 0) is distinct from i.version then
      v_answers := v_answers || case when v_answers = '' then '' else ',' end || '[' || i.place - 1 || ',' || standing_text(i.tenant) || ']';
    end if;
  end loop;
  return '[' || v_answers || ']';
end
`,
}

/** Nodes and checkpoint together, upon the checkpoint that they were built on or not at all. */
export const INTEGRATE: SqlFunction = {
  name: 'integrate',
  parameters: `p_tenant text, p_role text, p_name text, p_previous bigint, p_size bigint, p_root bytea, p_note text, p_at bigint,
  p_levels smallint[], p_places bigint[], p_hashes bytea`,
  returns: 'text',
  body: `
declare
  v_size bigint;
begin
  perform set_config('lock_timeout', '2s', true);
  perform enter(p_tenant, p_role);
  v_size := (lock_head(p_tenant, p_name)).size;
  if (p_size > p_previous and p_size <= v_size) is not true then
    return 'false';
  end if;
  if coalesce((select max(c.size) from checkpoint c where c.tenant_id = p_tenant), 0) is distinct from p_previous then
    return 'false';
  end if;
  insert into log_node (tenant_id, level, place, hash)
  select p_tenant, n.level, n.place, substring(p_hashes from (32 * (n.number - 1) + 1)::integer for 32)
  from unnest(p_levels, p_places) with ordinality as n(level, place, number);
  insert into checkpoint (tenant_id, size, root, note, at) values (p_tenant, p_size, p_root, p_note, p_at);
  return 'true';
end
`,
}
