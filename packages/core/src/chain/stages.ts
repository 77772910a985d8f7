/**
 * The chain as data: the one ordered list of gates and of the codes each may answer with. Within a gate the first failing code in
 * the printed order answers. File names, `enforce.ts`, `docs/chain.md` and `docs/codes.md` are held to this list by tests.
 */
export const STAGES = [
  { number: 0, gate: 'ingress', title: 'bytes, depth, duplicate keys, shedding', deny: ['request_too_large', 'request_too_deep', 'malformed', 'shed'], hold: [] },
  {
    number: 1,
    gate: 'authenticate',
    title: 'who is calling, proven by a verified token',
    deny: [
      'token_missing', 'token_invalid', 'token_expired', 'token_wrong_type', 'token_wrong_audience', 'token_lifetime_exceeded',
      'issuer_unknown', 'principal_disabled', 'credential_revoked', 'revocation_unknown', 'clock_unsafe',
    ],
    hold: [],
  },
  { number: 2, gate: 'tenant', title: 'the tenant, from the principal alone', deny: ['tenant_mismatch', 'tenant_not_active'], hold: [] },
  { number: 3, gate: 'customer', title: 'the customer, only ever narrowing', deny: ['customer_invalid', 'customer_required', 'customer_not_found'], hold: [] },
  {
    number: 4,
    gate: 'snapshot',
    title: 'one fresh snapshot; then the tool name',
    deny: ['isolation_unavailable', 'snapshot_unavailable', 'snapshot_stale', 'policy_outdated', 'tool_unknown'],
    hold: [],
  },
  { number: 5, gate: 'subscription', title: 'the subscription', deny: ['subscription_suspended', 'subscription_read_only'], hold: [] },
  { number: 6, gate: 'connector', title: 'the entitlement to the connector', deny: ['connector_not_entitled', 'connector_suspended'], hold: [] },
  {
    number: 7,
    gate: 'readiness',
    title: 'the instance: bound, configured, healthy, active, unchanged',
    deny: ['instance_customer_mismatch', 'instance_not_configured', 'instance_unhealthy', 'instance_inactive', 'tool_changed'],
    hold: [],
  },
  {
    number: 8,
    gate: 'policy',
    title: 'role, reach, scopes, second factor; then the arguments',
    deny: ['method_unclassified', 'role_forbids', 'tool_scope_mismatch', 'scope_forbids', 'step_up_required', 'input_invalid', 'customer_out_of_scope'],
    hold: [],
  },
  { number: 9, gate: 'quota', title: 'included calls, then the rate', deny: ['quota_exhausted', 'rate_limited'], hold: [] },
  {
    number: 10,
    gate: 'approval',
    title: "somebody else's approval for a destructive call",
    deny: ['approval_refused', 'approval_expired', 'approval_consumed', 'approval_stale', 'self_approval', 'precondition_unmet'],
    hold: ['approval_required', 'approval_pending'],
  },
  {
    number: 11,
    gate: 'dispatch',
    title: 'to the connector, the credential injected at that moment',
    deny: ['credential_unavailable', 'endpoint_forbidden', 'connector_failed', 'connector_timeout', 'cancelled', 'idempotency_conflict'],
    hold: [],
  },
  { number: 12, gate: 'audit', title: 'the record, durable before the answer', deny: ['audit_unavailable'], hold: [] },
  {
    number: 13,
    gate: 'respond',
    title: 'narrowed to the customer, then released',
    deny: ['record_not_found', 'customer_leak_blocked', 'secret_echo', 'output_invalid', 'output_too_large'],
    hold: [],
  },
] as const

type Stage = (typeof STAGES)[number]
export type Gate = Stage['gate']
/** The codes with which a gate denies. */
export type DenyCode<G extends Gate = Gate> = G extends Gate ? Extract<Stage, { readonly gate: G }>['deny'][number] : never
/** The codes with which a gate holds a call; `never` for all gates but approval. */
export type HoldCode<G extends Gate = Gate> = G extends Gate ? Extract<Stage, { readonly gate: G }>['hold'][number] : never
export type Code = DenyCode | HoldCode
