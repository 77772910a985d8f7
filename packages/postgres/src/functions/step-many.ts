import type { SqlFunction } from './sql-function.ts'

/**
 * The batches of several tenants in one transaction, which must come in the order of their ids: whoever locks several heads locks them in
 * the same order. A tenant whose head is not free in time, or whose batch breaks, is left out (null) and hurts nobody else.
 */
export const STEP_MANY: SqlFunction = {
  name: 'step_many',
  parameters: `p_tenants text[], p_role text, p_now bigint, p_names text[], p_counts integer[], p_principal_counts integer[], p_wait text,
  p_kinds text[], p_ids text[], p_again boolean[], p_principals text[], p_who integer[],
  p_versions double precision[], p_included double precision[], p_overage boolean[], p_tenant_rates double precision[], p_principal_rates double precision[],
  p_deadlines double precision[], p_jobs text[], p_more text[], p_lengths integer[], p_bodies bytea`,
  returns: 'text',
  body: `
declare
  v_answer text;
  v_answers text := '';
  v_from integer := 1;
  v_to integer;
  v_principal integer := 1;
  v_principal_to integer;
  v_offset integer := 1;
  v_length integer;
  i record;
begin
  perform set_config('lock_timeout', p_wait, true);
  for i in select * from unnest(p_tenants, p_names, p_counts, p_principal_counts) as t(tenant, name, items, principals) loop
    v_to := v_from + i.items - 1;
    v_principal_to := v_principal + i.principals - 1;
    v_length := (select coalesce(sum(l), 0) from unnest(p_lengths[v_from:v_to]) as l);
    begin
      v_answer := step(i.tenant, p_role, p_now, i.name, p_kinds[v_from:v_to], p_ids[v_from:v_to], p_again[v_from:v_to], p_principals[v_principal:v_principal_to], p_who[v_from:v_to],
        p_versions[v_from:v_to], p_included[v_from:v_to], p_overage[v_from:v_to], p_tenant_rates[v_from:v_to], p_principal_rates[v_from:v_to],
        p_deadlines[v_from:v_to], p_jobs[v_from:v_to], p_more[v_from:v_to], p_lengths[v_from:v_to], substring(p_bodies from v_offset for v_length), null);
    exception
      when lock_not_available then
        -- Once is enough: many that are held must not add up.
        perform set_config('lock_timeout', '10ms', true);
        v_answer := 'null';
      when others then
        v_answer := 'null';
    end;
    v_answers := v_answers || case when v_answers = '' then '' else ',' end || v_answer;
    v_from := v_to + 1;
    v_principal := v_principal_to + 1;
    v_offset := v_offset + v_length;
  end loop;
  return '[' || v_answers || ']';
end
`,
}
