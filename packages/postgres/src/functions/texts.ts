import type { SqlFunction } from './sql-function.ts'

/** An approval as the ledger's JSON. */
export const APPROVAL_TEXT: SqlFunction = {
  name: 'approval_text', parameters: 'p_approval approval', returns: 'text',
  body: `
begin
  return p_approval.request || ',"state":"' || p_approval.state || '","openedAt":' || p_approval.opened_at || ',"expiresAt":' || p_approval.expires_at
    || ',"votes":[' || p_approval.votes || ']' || coalesce(',"closedAt":' || p_approval.closed_at, '') || '}';
end
`,
}

/** An open call as the ledger's JSON. */
export const CALL_TEXT: SqlFunction = {
  name: 'call_text', parameters: 'p_call open_call', returns: 'text',
  body: `
begin
  return '{"callId":' || p_call.call_id || ',"seq":' || p_call.seq || ',"admittedAt":' || p_call.admitted_at || ',"deadline":' || p_call.deadline
    || ',"period":"' || p_call.period || '"' || coalesce(',"approvalId":' || p_call.approval_id, '') || ',' || p_call.job || '}';
end
`,
}

/** What the store knows about a tenant's facts, as JSON; what is absent is core's `NO_STANDING`. */
export const STANDING_TEXT: SqlFunction = {
  name: 'standing_text', parameters: 'p_tenant text', returns: 'text',
  body: `
begin
  return coalesce(
    (select '{"authorization":' || h.version
        || coalesce(',"fingerprint":' || s.fingerprint, '') || coalesce(',"minimumPolicy":' || s.minimum_policy, '') || coalesce(',"revocations":' || s.revocations, '') || '}'
      from log_head h left join standing s on s.tenant_id = h.tenant_id where h.tenant_id = p_tenant),
    '{}');
end
`,
}
