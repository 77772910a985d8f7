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
    if not found or v_found.requester <> p_ask->>'requester' or v_found.digest <> v_digest then
      verdict := 'approval_stale';
      return;
    end if;
  else
    select * into v_found from approval a where a.tenant_id = p_tenant and a.digest = v_digest order by a.opened desc limit 1;
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

/** Core's quotas/rate.ts: the next theoretical arrival time, or how many seconds to wait. */
export const TAKE_RATE: SqlFunction = {
  name: 'take_rate',
  parameters: 'p_tat double precision, p_per_minute double precision, p_now double precision, out next double precision, out retry_after bigint',
  returns: 'record',
  body: `
declare
  v_interval double precision;
  v_start double precision;
  v_wait double precision;
begin
  if not p_per_minute > 0 then
    retry_after := 60;
    return;
  end if;
  v_interval := 60000::double precision / p_per_minute;
  v_start := greatest(coalesce(p_tat, p_now), p_now);
  v_wait := v_start + v_interval - p_now - 60000::double precision;
  if v_wait > 0.001::double precision then
    retry_after := greatest(1, ceil(v_wait / 1000::double precision)::bigint);
  else
    next := v_start + v_interval;
  end if;
end
`,
}

/**
 * Gates 9 and 10, as core's ledger/admit.ts says them: quota, then rates, then the approval. Changes nothing. Either `outcome` is
 * `clear` or `open`, or `answer` is the ledger's answer.
 */
export const DECIDE: SqlFunction = {
  name: 'decide',
  parameters: `p_tenant text, p_now bigint, p_used bigint, p_reserved bigint, p_tenant_tat double precision, p_principal_tat double precision,
  p_included double precision, p_overage boolean, p_tenant_rate double precision, p_principal_rate double precision, p_ask jsonb,
  out outcome text, out answer text, out tenant_tat double precision, out principal_tat double precision, out approval_id text, out retire boolean`,
  returns: 'record',
  body: `
declare
  v_rate record;
  v_judged record;
  v_requester text;
begin
  outcome := 'refuse';
  retire := false;
  if not (p_overage or p_used + p_reserved < p_included) then
    answer := '{"kind":"quota","code":"quota_exhausted"}';
    return;
  end if;
  v_rate := take_rate(p_tenant_tat, p_tenant_rate, p_now);
  if v_rate.retry_after is null then
    tenant_tat := v_rate.next;
    v_rate := take_rate(p_principal_tat, p_principal_rate, p_now);
    principal_tat := v_rate.next;
  end if;
  if v_rate.retry_after is not null then
    answer := '{"kind":"quota","code":"rate_limited","retryAfter":' || v_rate.retry_after || '}';
    return;
  end if;
  outcome := 'clear';
  if p_ask is null then
    return;
  end if;

  v_judged := judge_approval(p_tenant, p_now, p_ask);
  if v_judged.verdict = 'consume' then
    approval_id := v_judged.approval_id;
    return;
  end if;
  outcome := 'refuse';
  if v_judged.verdict = 'pending' then
    answer := '{"kind":"held","code":"approval_pending","approvalId":' || v_judged.approval_id || '}';
  elsif v_judged.verdict <> 'open' then
    answer := '{"kind":"approval","code":"' || v_judged.verdict || '"}';
    approval_id := v_judged.approval_id;
    retire := v_judged.retire;
  else
    v_requester := p_ask->>'requester';
    if (select count(*) from approval a where a.tenant_id = p_tenant and a.state = 'pending' and a.requester = v_requester and a.expires_at > p_now) >= 20
      or (select count(*) from approval a where a.tenant_id = p_tenant and a.state = 'pending' and a.expires_at > p_now) >= 200 then
      answer := '{"kind":"quota","code":"rate_limited","retryAfter":60}';
    else
      outcome := 'open';
    end if;
  end if;
end
`,
}
