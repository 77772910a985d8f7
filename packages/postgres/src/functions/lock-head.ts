import type { SqlFunction } from './sql-function.ts'

/** The tenant's row, which everybody who changes something locks first: from here to the commit, nobody else writes. Makes it if it is new. */
export const LOCK_HEAD: SqlFunction = {
  name: 'lock_head', parameters: 'p_tenant text, p_name text', returns: 'log_head',
  body: `
declare
  v_head log_head%rowtype;
begin
  select * into v_head from log_head h where h.tenant_id = p_tenant for update;
  if not found then
    insert into log_head (tenant_id, tenant) values (p_tenant, p_name) on conflict do nothing;
    select * into v_head from log_head h where h.tenant_id = p_tenant for update;
  end if;
  return v_head;
end
`,
}
