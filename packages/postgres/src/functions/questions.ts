import type { SqlFunction } from './sql-function.ts'

/** An open intent. */
export const RECALL: SqlFunction = {
  name: 'recall', parameters: 'p_tenant text, p_role text, p_id text', returns: 'text',
  body: `
begin
  perform enter(p_tenant, p_role);
  return (select call_text(o) from open_call o where o.tenant_id = p_tenant and o.call_id = p_id);
end
`,
}

/**
 * Open intents past their deadline, the oldest first, for one owner alone until the lease is over: two processes never close the
 * same ones. Who has the lease already gets them again.
 */
export const DUE: SqlFunction = {
  name: 'due', parameters: 'p_tenant text, p_role text, p_now bigint, p_owner text, p_lease bigint, p_limit bigint', returns: 'text',
  body: `
declare
  v_now bigint := moment(p_now);
  v_answer text;
begin
  perform enter(p_tenant, p_role);
  with free as materialized (
    select o.call_id from open_call o
    where o.tenant_id = p_tenant and o.deadline between 0 and v_now and (o.leased_until <= v_now or o.leased_by = p_owner)
    order by o.seq limit p_limit for update skip locked
  ), leased as (
    update open_call o set leased_by = p_owner, leased_until = v_now + p_lease
    where o.tenant_id = p_tenant and o.call_id = any(array(select f.call_id from free f)) returning o as call, o.seq
  )
  select '[' || string_agg(call_text(l.call), ',' order by l.seq) || ']' into v_answer from leased l;
  return coalesce(v_answer, '[]');
end
`,
}

/** An approval by its id. */
export const APPROVAL_OF: SqlFunction = {
  name: 'approval_of', parameters: 'p_tenant text, p_role text, p_id text', returns: 'text',
  body: `
begin
  perform enter(p_tenant, p_role);
  return (select approval_text(a) from approval a where a.tenant_id = p_tenant and a.id = p_id);
end
`,
}

/** Calls of one principal in the current billing period. */
export const CALLS_OF: SqlFunction = {
  name: 'calls_of', parameters: 'p_tenant text, p_role text, p_now bigint, p_principal text', returns: 'text',
  body: `
declare
  v_period text := period_of(moment(p_now));
begin
  perform enter(p_tenant, p_role);
  return (select '{"used":' || u.used || ',"reserved":' || u.reserved || '}' from usage u
    where u.tenant_id = p_tenant and u.period = v_period and u.principal = p_principal);
end
`,
}
