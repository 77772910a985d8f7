/** Every table of a tenant's, and what the application may do with it besides reading: of the log, nothing is ever changed or removed. */
export const TENANT_TABLES: Readonly<Record<string, string>> = {
  log_head: 'insert, update',
  standing: 'insert, update',
  log: 'insert',
  log_node: 'insert',
  checkpoint: 'insert',
  usage: 'insert, update',
  rate: 'insert, update',
  approval: 'insert, update',
  open_call: 'insert, update, delete',
  kept: 'insert, update, delete',
}

/** A session without a tenant sees nothing and adds nothing. */
const OWN = `tenant_id = nullif(current_setting('portcullis.tenant', true), '')`

/** As PostgreSQL says the same condition. */
export const OWN_AS_READ = `(tenant_id = NULLIF(current_setting('portcullis.tenant'::text, true), ''::text))`

export const POLICIES = Object.keys(TENANT_TABLES).map((table) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy own on ${table} using (${OWN}) with check (${OWN});
`).join('')
