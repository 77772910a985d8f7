import type { SqlFunction } from './sql-function.ts'

/** AP-01, as core's approvals/judge.ts says it: whether there is an approval to consume, and if not, what the call is told. */
export const JUDGE_APPROVAL: SqlFunction = {
  name: 'judge_approval',
  parameters: 'p_tenant text, p_now bigint, p_ask jsonb, out verdict text, out approval_id text, out retire boolean',
  returns: 'record',
  body: `
declare
  v_named text := p_ask->>'named';
  v_digest text := p_ask->>'digest';
  v_found approval%rowtype;
begin
  retire := false;
  if v_named is not null then
    select * into v_found from approval a where a.tenant_id = p_tenant and a.id = v_named;
    if not found or v_found.requester is distinct from p_ask->>'requester' or v_found.digest is distinct from v_digest then
      verdict := 'approval_stale';
      return;
    end if;
  else
    select * into v_found from approval a where a.tenant_id = p_tenant and a.digest = v_digest and a.opened >= 0 order by a.opened desc limit 1;
    if not found then
      verdict := 'open';
      return;
    end if;
  end if;
  approval_id := v_found.id;
  if v_found.state in ('pending', 'granted') then
    if p_now >= v_found.expires_at then
      verdict := case when v_named is null then 'open' else 'approval_expired' end;
    elsif v_found.state = 'pending' then
      verdict := 'pending';
    elsif v_found.approvers && v_found.self then
      verdict := 'self_approval';
      retire := true;
    elsif (select count(*) from unnest(v_found.approvers) as person where person in (select jsonb_array_elements_text(p_ask->'electorate'))) >= v_found.quorum then
      verdict := 'consume';
    else
      verdict := 'approval_stale';
      retire := true;
    end if;
  elsif v_found.state = 'stale' then
    verdict := case when v_named is null then 'open' else 'approval_stale' end;
  elsif v_named is not null or p_now < v_found.closed_at + 900000 then
    verdict := case v_found.state when 'refused' then 'approval_refused' else 'approval_consumed' end;
  else
    verdict := 'open';
  end if;
end
`,
}

/** Whether a requester or the tenant has as many pending requests as they may. */
export const APPROVALS_FULL: SqlFunction = {
  name: 'approvals_full', parameters: 'p_tenant text, p_now bigint, p_requester text', returns: 'boolean',
  body: `
begin
  return (select count(*) from approval a where a.tenant_id = p_tenant and a.state = 'pending' and a.requester = p_requester and a.expires_at > p_now) >= 20
    or (select count(*) from approval a where a.tenant_id = p_tenant and a.state = 'pending' and a.expires_at > p_now) >= 200;
end
`,
}
