import type { SqlFunction } from './sql-function.ts'

/**
 * One tenant's batch: locks the head of the log, decides item by item as core's ledger/step.ts does, writes everything, and answers with the
 * JSON of the ledger's answers in order. What the items are made of: `batch.ts`.
 */
export const STEP: SqlFunction = {
  name: 'step',
  parameters: `p_tenant text, p_role text, p_now bigint, p_name text, p_kinds text[], p_ids text[], p_principals text[], p_who integer[],
  p_versions double precision[], p_included double precision[], p_overage boolean[], p_tenant_rates double precision[], p_principal_rates double precision[],
  p_deadlines double precision[], p_jobs text[], p_more text[], p_lengths integer[], p_bodies bytea`,
  returns: 'text',
  body: `
declare
  v_now bigint;
  v_time text;
  v_period text;
  v_head log_head%rowtype;
  v_seq bigint;
  v_version bigint;
  v_used bigint := 0;
  v_reserved bigint := 0;
  v_tenant_tat double precision;
  v_tats double precision[];
  v_took text[] := '{}';
  v_ended_periods text[] := '{}';
  v_ended_principals text[] := '{}';
  v_ended_used integer[] := '{}';
  v_records bytea[] := '{}';
  v_offset integer := 1;
  v_answer text;
  v_answers text := '';
  v_seal text;
  v_more jsonb;
  v_decision record;
  v_kept kept%rowtype;
  v_call open_call%rowtype;
  v_approval approval%rowtype;
  v_vote text;
  i record;
begin
  perform enter(p_tenant, p_role);
  v_head := lock_head(p_tenant, p_name);
  v_version := v_head.version;
  v_seq := v_head.size;
  v_now := moment(p_now);
  v_time := to_char(to_timestamp(v_now / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
  v_period := substring(v_time for 7);

  if cardinality(p_principals) > 0 then
    select u.used, u.reserved into v_used, v_reserved from usage u where u.tenant_id = p_tenant and u.period = v_period and u.principal = '';
    v_used := coalesce(v_used, 0);
    v_reserved := coalesce(v_reserved, 0);
    select r.tat into v_tenant_tat from rate r where r.tenant_id = p_tenant and r.principal = '';
    with known as materialized (select r.principal, r.tat from rate r where r.tenant_id = p_tenant and r.principal = any(p_principals))
    select array_agg(k.tat order by p.place) into v_tats from unnest(p_principals) with ordinality as p(principal, place) left join known k on k.principal = p.principal;
  end if;

  for i in select * from unnest(p_kinds, p_ids, p_who, p_versions, p_included, p_overage, p_tenant_rates, p_principal_rates, p_deadlines, p_jobs, p_more, p_lengths)
    as t(kind, id, who, version, included, overage, tenant_rate, principal_rate, deadline, job, more, length)
  loop
    v_seal := null;
    v_answer := null;

    if i.kind = 'admit' then
      v_more := i.more::jsonb;
      if v_version <> i.version then
        v_answer := '{"kind":"changed","authorization":' || v_version || '}';
      elsif exists (select from open_call o where o.tenant_id = p_tenant and o.call_id = i.id) then
        v_answer := '{"kind":"duplicate"}';
      elsif v_more->>'key' is not null then
        select * into v_kept from kept k where k.tenant_id = p_tenant and k.key = v_more->>'key';
        if found and v_now < v_kept.expires_at then
          v_answer := case
            when v_kept.fingerprint <> v_more->>'fingerprint' then '{"kind":"conflict","effect":"none"}'
            when v_kept.answer is not null then '{"kind":"repeated","callId":' || v_kept.call_id || ',"answer":' || v_kept.answer || '}'
            when v_kept.done then '{"kind":"conflict","effect":"done"}'
            else '{"kind":"conflict","effect":"unknown"}' end;
        end if;
      end if;

      if v_answer is null then
        v_decision := decide(p_tenant, v_now, v_used, v_reserved, v_tenant_tat, v_tats[i.who],
          i.included, i.overage, i.tenant_rate, i.principal_rate, v_more->'ask');
        if v_decision.outcome = 'refuse' then
          v_answer := v_decision.answer;
          if v_decision.retire then
            update approval a set state = 'stale', closed_at = v_now where a.tenant_id = p_tenant and a.id = v_decision.approval_id;
          end if;
        elsif v_decision.outcome = 'open' then
          insert into approval (tenant_id, id, opened, digest, requester, state, opened_at, expires_at, quorum, self, request)
          select p_tenant, r.id, v_seq, r.digest, r.requester, 'pending', v_now, v_now + 86400000, r.quorum, r.self, r.request
          from jsonb_to_record(v_more->'request') as r(id text, digest text, requester text, quorum double precision, self text[], request text)
          returning id into v_approval.id;
          v_seal := ',"step":"held","code":"approval_required","approval":' || v_approval.id;
          v_answer := '{"kind":"held","code":"approval_required","approvalId":' || v_approval.id || '}';
        else
          v_reserved := v_reserved + 1;
          v_tenant_tat := v_decision.tenant_tat;
          v_tats[i.who] := v_decision.principal_tat;
          v_took := v_took || p_principals[i.who];
          if v_decision.approval_id is not null then
            update approval a set state = 'consumed', closed_at = v_now where a.tenant_id = p_tenant and a.id = v_decision.approval_id;
          end if;
          if v_more->>'key' is not null then
            delete from kept k where k.tenant_id = p_tenant and k.expires_at <= v_now;
            insert into kept (tenant_id, key, fingerprint, call_id, expires_at)
            values (p_tenant, v_more->>'key', v_more->>'fingerprint', i.id, v_now + 86400000);
          end if;
          insert into open_call (tenant_id, call_id, seq, admitted_at, deadline, principal, period, approval_id, idempotency_key, job)
          values (p_tenant, i.id, v_seq, v_now, v_now + i.deadline::bigint, p_principals[i.who], v_period, v_decision.approval_id, v_more->>'key', i.job);
          v_seal := ',"step":"intent"' || case when v_decision.approval_id is null then '' else ',"code":null,"approval":' || v_decision.approval_id end;
          v_answer := '{"kind":"admitted","seq":' || v_seq || ',"at":' || v_now || '}';
        end if;
      end if;

    elsif i.kind = 'note' then
      v_seal := ',"step":"note"';
      v_answer := '{"kind":"noted","seq":' || v_seq || '}';

    elsif i.kind = 'vote' then
      select * into v_approval from approval a where a.tenant_id = p_tenant and a.id = i.id;
      if v_version <> i.version then
        v_answer := '{"kind":"changed","authorization":' || v_version || '}';
      elsif v_approval.id is null then
        v_answer := '{"kind":"refused","code":"not_found"}';
      elsif v_approval.state in ('refused', 'consumed', 'stale') then
        v_answer := '{"kind":"refused","code":"approval_' || v_approval.state || '"}';
      elsif v_approval.state = 'pending' and v_now >= v_approval.expires_at then
        v_answer := '{"kind":"refused","code":"approval_expired"}';
      else
        v_more := i.more::jsonb;
        if v_approval.state <> 'pending' or v_more->>'person' = any(v_approval.approvers) then
          v_answer := '{"kind":"refused","code":"already_voted"}';
        else
          v_vote := (v_more->>'vote') || ',"at":' || v_now || '}';
          v_approval.votes := case when v_approval.votes = '' then v_vote else v_approval.votes || ',' || v_vote end;
          if v_more->>'decision' = 'refuse' then
            v_approval.state := 'refused';
            v_approval.closed_at := v_now;
          else
            v_approval.approvers := v_approval.approvers || (v_more->>'person');
            if cardinality(v_approval.approvers) >= v_approval.quorum then
              v_approval.state := 'granted';
              v_approval.expires_at := v_now + 3600000;
            end if;
          end if;
          update approval a set state = v_approval.state, closed_at = v_approval.closed_at, expires_at = v_approval.expires_at,
            approvers = v_approval.approvers, votes = v_approval.votes
          where a.tenant_id = p_tenant and a.id = i.id;
          v_seal := ',"step":"vote","code":"' || v_approval.state || '","approval":' || v_approval.id;
          v_answer := '{"kind":"voted","approval":' || approval_text(v_approval) || '}';
        end if;
      end if;

    else
      delete from open_call o where o.tenant_id = p_tenant and o.call_id = i.id returning * into v_call;
      if not found then
        v_answer := '{"kind":"not_open"}';
      else
        v_ended_periods := v_ended_periods || v_call.period;
        v_ended_principals := v_ended_principals || v_call.principal;
        if i.kind in ('abandoned', 'not_sent') then
          v_ended_used := v_ended_used || 0;
          update approval a set state = 'granted', closed_at = null where a.tenant_id = p_tenant and a.id = v_call.approval_id and a.state = 'consumed';
          delete from kept k where k.tenant_id = p_tenant and k.key = v_call.idempotency_key and k.call_id = i.id;
        else
          v_ended_used := v_ended_used || 1;
          if i.kind = 'outcome' and v_call.idempotency_key is not null then
            update kept k set done = true, answer = coalesce(i.more, k.answer)
            where k.tenant_id = p_tenant and k.key = v_call.idempotency_key and k.call_id = i.id;
          end if;
        end if;
        if v_call.period = v_period then
          v_reserved := v_reserved - 1;
          v_used := v_used + v_ended_used[cardinality(v_ended_used)];
        end if;
        v_seal := ',"step":"' || case i.kind when 'not_sent' then 'outcome' else i.kind end || '"';
        v_answer := '{"kind":"closed","seq":' || v_seq || '}';
      end if;
    end if;

    v_answers := v_answers || case when v_answers = '' then '' else ',' end || v_answer;
    if v_seal is not null then
      v_records := v_records || (substring(p_bodies from v_offset for i.length) || convert_to(v_seal || ',"seq":' || v_seq || ',"at":"' || v_time || '"}', 'UTF8'));
      v_seq := v_seq + 1;
    end if;
    v_offset := v_offset + i.length;
  end loop;

  if v_seq > v_head.size then
    insert into log (tenant_id, seq, at, record) select p_tenant, v_head.size + r.place - 1, v_now, r.record from unnest(v_records) with ordinality as r(record, place);
    update log_head h set size = v_seq where h.tenant_id = p_tenant;
  end if;
  if cardinality(v_took) > 0 then
    insert into usage (tenant_id, period, principal, used, reserved)
    select p_tenant, v_period, coalesce(t.principal, ''), 0, count(*) from unnest(v_took) as t(principal) group by rollup (t.principal)
    on conflict (tenant_id, period, principal) do update set reserved = usage.reserved + excluded.reserved;
    insert into rate (tenant_id, principal, tat)
    select p_tenant, '', v_tenant_tat union all
    select p_tenant, t.principal, t.tat from unnest(p_principals, v_tats) as t(principal, tat) where t.principal = any(v_took)
    on conflict (tenant_id, principal) do update set tat = excluded.tat;
  end if;
  if cardinality(v_ended_used) > 0 then
    update usage u set used = u.used + e.used, reserved = u.reserved - e.ended
    from (
      select c.period, coalesce(c.principal, '') as principal, sum(c.used) as used, count(*) as ended
      from unnest(v_ended_periods, v_ended_principals, v_ended_used) as c(period, principal, used) group by c.period, rollup (c.principal)
    ) e
    where u.tenant_id = p_tenant and u.period = e.period and u.principal = e.principal;
  end if;
  return '[' || v_answers || ']';
end
`,
}
