import type { SqlFunction } from './sql-function.ts'

/** From here to the end of the transaction, the session is this tenant's and has the application's rights. */
export const ENTER: SqlFunction = {
  name: 'enter', parameters: 'p_tenant text, p_role text', returns: 'void',
  body: `
begin
  if coalesce(p_tenant, '') = '' or coalesce(p_role, 'none') = 'none' then
    raise exception 'a tenant and a role are needed';
  end if;
  perform set_config('portcullis.tenant', p_tenant, true), set_config('role', p_role, true);
end
`,
}

/** The database's time in ms; tests may give another. */
export const MOMENT: SqlFunction = {
  name: 'moment', parameters: 'p_now bigint', returns: 'bigint',
  body: `
begin
  return coalesce(p_now, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
end
`,
}

/** The billing period of a moment: the UTC calendar month. */
export const PERIOD: SqlFunction = {
  name: 'period_of', parameters: 'p_now bigint', returns: 'text',
  body: `
begin
  return to_char(to_timestamp(p_now / 1000.0) at time zone 'UTC', 'YYYY-MM');
end
`,
}
