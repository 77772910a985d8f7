import type { SqlFunction } from './sql-function.ts'

/**
 * One tenant's batch: locks the head of the log, decides item by item as core's ledger/step.ts does, writes everything, and answers with the
 * JSON of the ledger's answers in order. What the items are made of: `batch.ts`. A single item `judge` locks and changes nothing.
 * `p_wait`: how long the head may be somebody else's, if the transaction has not said so before.
 */
export const STEP: SqlFunction = {
  name: 'step',
  parameters: `p_tenant text, p_role text, p_now bigint, p_name text, p_kinds text[], p_ids text[], p_again boolean[], p_principals text[], p_who integer[],
  p_versions double precision[], p_included double precision[], p_overage boolean[], p_tenant_rates double precision[], p_principal_rates double precision[],
  p_deadlines double precision[], p_jobs text[], p_more text[], p_lengths integer[], p_bodies bytea, p_wait text`,
  returns: 'text',
  body: `
declare
  v_head log_head%rowtype;
  v_now bigint;
  v_moment double precision;
  v_time text;
  v_period text;
  v_seq bigint;
  v_version bigint;
  v_used bigint := 0;
  v_reserved bigint := 0;
  v_tenant_tat double precision;
  v_tats double precision[];
  v_tenant_next double precision;
  v_next double precision;
  v_wait double precision;
  v_approval_id text;
  v_verdict text;
  v_key text;
  v_ids text[] := '{}';
  v_seqs bigint[] := '{}';
  v_deadlines double precision[] := '{}';
  v_principals text[] := '{}';
  v_approvals text[] := '{}';
  v_keys text[] := '{}';
  v_jobs text[] := '{}';
  v_took text[] := '{}';
  v_ended text[] := '{}';
  v_ended_periods text[] := '{}'; v_ended_principals text[] := '{}';
  v_ended_used integer[] := '{}';
  v_records bytea[] := '{}';
  v_offset integer := 1;
  v_answer text;
  v_answers text := '';
  v_seal text;
  v_more jsonb;
  v_kept kept%rowtype;
  v_judged record;
  v_approval approval%rowtype;
  v_vote text;
  i record;
begin
  perform enter(p_tenant, p_role), set_config('lock_timeout', coalesce(p_wait, current_setting('lock_timeout')), true);
  if p_kinds <> array['judge'] then
    v_head := lock_head(p_tenant, p_name);
  end if;
  v_version := v_head.version;
  v_seq := v_head.size;
  v_now := moment(p_now);
  v_moment := v_now;
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

  for i in
    with known as materialized (
      select o.call_id, o.principal, o.period, o.approval_id, o.idempotency_key from open_call o where o.tenant_id = p_tenant and o.call_id = any(p_ids)
    )
    select t.*, k.call_id as known, k.principal, k.period, k.approval_id, k.idempotency_key
    from unnest(p_kinds, p_ids, p_again, p_who, p_versions, p_included, p_overage, p_tenant_rates, p_principal_rates, p_deadlines, p_jobs, p_more, p_lengths)
      with ordinality as t(kind, id, again, who, version, included, overage, tenant_rate, principal_rate, deadline, job, more, length, place)
    left join known k on k.call_id = t.id
    order by t.place
  loop
    v_seal := null;
    v_answer := null;
    v_more := null;
    if i.again then
      perform flush_calls(p_tenant, v_now, v_period, v_ids, v_seqs, v_deadlines, v_principals, v_approvals, v_keys, v_jobs, v_ended);
      v_ids := '{}'; v_seqs := '{}'; v_deadlines := '{}'; v_principals := '{}'; v_approvals := '{}'; v_keys := '{}'; v_jobs := '{}'; v_ended := '{}';
      select o.call_id, o.principal, o.period, o.approval_id, o.idempotency_key
        into i.known, i.principal, i.period, i.approval_id, i.idempotency_key
        from open_call o where o.tenant_id = p_tenant and o.call_id = i.id;
    end if;

    if i.kind in ('admit', 'judge') then
      v_key := null;
      v_approval_id := null;
      if i.more is not null then
        v_more := i.more::jsonb;
        v_key := v_more->>'key';
      end if;
      if i.kind = 'admit' then
        if v_version is distinct from i.version then
          v_answer := '{"kind":"changed","authorization":' || v_version || '}';
        elsif i.known is not null then
          v_answer := '{"kind":"duplicate"}';
        elsif v_key is not null then
          select * into v_kept from kept k where k.tenant_id = p_tenant and k.key = v_key;
          if found and v_now < v_kept.expires_at then
            v_answer := case
              when v_kept.fingerprint is distinct from v_more->>'fingerprint' then '{"kind":"conflict","effect":"none"}'
              when v_kept.answer is not null then '{"kind":"repeated","callId":' || v_kept.call_id || ',"answer":' || v_kept.answer || '}'
              when v_kept.done then '{"kind":"conflict","effect":"done"}'
              else '{"kind":"conflict","effect":"unknown"}' end;
          end if;
        end if;
      end if;

      if v_answer is not null then
        null;
      elsif (i.overage or v_used + v_reserved < i.included) is not true then
        v_answer := '{"kind":"quota","code":"quota_exhausted"}';
      else
        v_wait := 60000;
        if i.tenant_rate >= 1 then
          v_tenant_next := case when v_tenant_tat <= v_moment + 120000 then greatest(v_tenant_tat, v_moment) else v_moment end + 60000::double precision / i.tenant_rate;
          v_wait := v_tenant_next - v_moment - 60000::double precision;
          if v_wait <= 0.001::double precision then
            v_wait := 60000;
            if i.principal_rate >= 1 then
              v_next := case when v_tats[i.who] <= v_moment + 120000 then greatest(v_tats[i.who], v_moment) else v_moment end + 60000::double precision / i.principal_rate;
              v_wait := v_next - v_moment - 60000::double precision;
            end if;
          end if;
        end if;
        if (v_wait <= 0.001::double precision) is not true then
          v_answer := '{"kind":"quota","code":"rate_limited","retryAfter":' || greatest(1, ceil(v_wait / 1000::double precision)) || '}';
        elsif v_more->'ask' is not null then
          v_judged := judge_approval(p_tenant, v_now, v_more->'ask');
          v_verdict := v_judged.verdict;
          v_approval_id := v_judged.approval_id;
          if v_verdict = 'open' then
            if approvals_full(p_tenant, v_now, v_more->'ask'->>'requester') then
              v_answer := '{"kind":"quota","code":"rate_limited","retryAfter":60}';
            elsif i.kind = 'judge' then
              v_answer := '{"kind":"open"}';
            else
              insert into approval (tenant_id, id, opened, digest, requester, state, opened_at, expires_at, quorum, self, request)
              select p_tenant, r.id, v_seq, r.digest, r.requester, 'pending', v_now, v_now + 86400000, r.quorum, r.self, r.request
              from jsonb_to_record(v_more->'request') as r(id text, digest text, requester text, quorum double precision, self text[], request text)
              returning id into v_approval_id;
              v_seal := ',"step":"held","code":"approval_required","approval":' || v_approval_id;
              v_answer := '{"kind":"held","code":"approval_required","approvalId":' || v_approval_id || '}';
            end if;
          elsif v_verdict = 'pending' then
            v_answer := '{"kind":"held","code":"approval_pending","approvalId":' || v_approval_id || '}';
          elsif v_verdict is distinct from 'consume' then
            v_answer := '{"kind":"approval","code":"' || v_verdict || '"}';
            if v_judged.retire and i.kind = 'admit' then
              update approval a set state = 'stale', closed_at = v_now where a.tenant_id = p_tenant and a.id = v_approval_id;
            end if;
          end if;
        end if;
      end if;

      if v_answer is not null then
        null;
      elsif i.kind = 'judge' then
        v_answer := '{"kind":"clear","usage":{"used":' || v_used || ',"reserved":' || v_reserved + 1 || '},"tenantRate":' || v_tenant_next
          || ',"principalRate":' || v_next || coalesce(',"consume":' || v_approval_id, '') || '}';
      else
        v_reserved := v_reserved + 1;
        v_tenant_tat := v_tenant_next;
        v_tats[i.who] := v_next;
        v_took := array_append(v_took, p_principals[i.who]);
        if v_approval_id is not null then
          update approval a set state = 'consumed', closed_at = v_now where a.tenant_id = p_tenant and a.id = v_approval_id;
        end if;
        if v_key is not null then
          delete from kept k where k.tenant_id = p_tenant and k.key = any(array(
            select e.key from kept e where e.tenant_id = p_tenant and e.expires_at between 0 and v_now order by e.expires_at limit 64));
          insert into kept (tenant_id, key, fingerprint, call_id, expires_at) values (p_tenant, v_key, v_more->>'fingerprint', i.id, v_now + 86400000)
          on conflict (tenant_id, key) do update set fingerprint = excluded.fingerprint, call_id = excluded.call_id, expires_at = excluded.expires_at, done = false, answer = null;
        end if;
        v_ids := array_append(v_ids, i.id);
        v_seqs := array_append(v_seqs, v_seq);
        v_deadlines := array_append(v_deadlines, i.deadline);
        v_principals := array_append(v_principals, p_principals[i.who]);
        v_approvals := array_append(v_approvals, v_approval_id);
        v_keys := array_append(v_keys, v_key);
        v_jobs := array_append(v_jobs, i.job);
        v_seal := case when v_approval_id is null then ',"step":"intent"' else ',"step":"intent","code":null,"approval":' || v_approval_id end;
        v_answer := '{"kind":"admitted","seq":' || v_seq || ',"at":' || v_now || '}';
      end if;

    elsif i.kind = 'note' then
      v_seal := ',"step":"note"';
      v_answer := '{"kind":"noted","seq":' || v_seq || '}';

    elsif i.kind = 'vote' then
      select * into v_approval from approval a where a.tenant_id = p_tenant and a.id = i.id;
      if v_version is distinct from i.version then
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
          if v_more->>'decision' is distinct from 'approve' then
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

    elsif i.known is null then
      v_answer := '{"kind":"not_open"}';

    else
      v_ended := array_append(v_ended, i.id);
      v_ended_periods := array_append(v_ended_periods, i.period);
      v_ended_principals := array_append(v_ended_principals, i.principal);
      if i.kind in ('abandoned', 'not_sent') then
        v_ended_used := array_append(v_ended_used, 0);
        if i.approval_id is not null then
          update approval a set state = 'granted', closed_at = null where a.tenant_id = p_tenant and a.id = i.approval_id and a.state = 'consumed';
        end if;
        if i.idempotency_key is not null then
          delete from kept k where k.tenant_id = p_tenant and k.key = i.idempotency_key and k.call_id = i.id;
        end if;
      else
        v_ended_used := array_append(v_ended_used, 1);
        if i.kind = 'outcome' and i.idempotency_key is not null then
          update kept k set done = true, answer = i.more where k.tenant_id = p_tenant and k.key = i.idempotency_key and k.call_id = i.id;
        end if;
      end if;
      if i.period = v_period then
        v_reserved := v_reserved - 1;
        v_used := v_used + v_ended_used[cardinality(v_ended_used)];
      end if;
      v_seal := case i.kind when 'not_sent' then ',"step":"outcome"' else ',"step":"' || i.kind || '"' end;
      v_answer := '{"kind":"closed","seq":' || v_seq || '}';
    end if;

    v_answers := v_answers || ',' || v_answer;
    if v_seal is not null then
      v_records := array_append(v_records, substring(p_bodies from v_offset for i.length) || convert_to(v_seal || ',"seq":' || v_seq || ',"at":"' || v_time || '"}', 'UTF8'));
      v_seq := v_seq + 1;
    end if;
    v_offset := v_offset + i.length;
  end loop;

  if v_seq > v_head.size then
    insert into log (tenant_id, seq, at, record) select p_tenant, v_head.size + r.place - 1, v_now, r.record from unnest(v_records) with ordinality as r(record, place);
    update log_head h set size = v_seq where h.tenant_id = p_tenant;
  end if;
  if cardinality(v_ids) + cardinality(v_ended) > 0 then
    perform flush_calls(p_tenant, v_now, v_period, v_ids, v_seqs, v_deadlines, v_principals, v_approvals, v_keys, v_jobs, v_ended);
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
    -- The rows are there since the admission: what is to be added and taken off comes as a row that is never inserted.
    insert into usage (tenant_id, period, principal, used, reserved)
    select p_tenant, c.period, coalesce(c.principal, ''), sum(c.used), count(*)
    from unnest(v_ended_periods, v_ended_principals, v_ended_used) as c(period, principal, used) group by c.period, rollup (c.principal)
    on conflict (tenant_id, period, principal) do update set used = usage.used + excluded.used, reserved = usage.reserved - excluded.reserved;
  end if;
  return '[' || substring(v_answers from 2) || ']';
end
`,
}
