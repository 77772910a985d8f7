import type { SqlFunction } from './sql-function.ts'

/** Writes the open calls that a batch has admitted and ended so far. */
export const FLUSH_CALLS: SqlFunction = {
  name: 'flush_calls',
  parameters: `p_tenant text, p_now bigint, p_period text, p_ids text[], p_seqs bigint[], p_deadlines double precision[], p_principals text[], p_approvals text[], p_keys text[], p_jobs text[],
  p_ended text[]`,
  returns: 'void',
  body: `
begin
  if cardinality(p_ended) > 0 then
    -- By any(array): a join with the ids reads all open calls, of all tenants, with a plan that was made while the table was empty.
    delete from open_call o where o.tenant_id = p_tenant and o.call_id = any(p_ended);
  end if;
  if cardinality(p_ids) > 0 then
    insert into open_call (tenant_id, call_id, seq, admitted_at, deadline, principal, period, approval_id, idempotency_key, job)
    select p_tenant, c.id, c.seq, p_now, p_now + c.deadline::bigint, c.principal, p_period, c.approval, c.key, c.job
    from unnest(p_ids, p_seqs, p_deadlines, p_principals, p_approvals, p_keys, p_jobs) as c(id, seq, deadline, principal, approval, key, job);
  end if;
end
`,
}
