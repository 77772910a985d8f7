/** How far the tests of this repository prove a requirement or a denial code. */
export type Standing =
  | { readonly status: 'proven' }
  /** `missing`: which words of the requirement no test proves yet; `brings`: the later work that will. */
  | { readonly status: 'partial'; readonly missing: string; readonly brings: string }
  | { readonly status: 'later' }

type Entry = readonly [id: string, standing: Standing]

const proven = (...ids: readonly string[]): Entry[] => ids.map((id) => [id, { status: 'proven' }])
const later = (...ids: readonly string[]): Entry[] => ids.map((id) => [id, { status: 'later' }])
const partial = (id: string, missing: string, brings: string): Entry[] => [[id, { status: 'partial', missing, brings }]]

const chain: readonly Entry[] = [
  ...partial('CH-01', 'human operators who sign in themselves', 'sign-in with passwords, second factors and external issuers'),
  ...proven('CH-02'),
  ...partial('CH-03', "a command's reach is the one in its route", 'the command catalogue'),
  ...proven('CH-04'),
  ...partial('CH-05', 'which commands a read-only or suspended tenant keeps', 'the command catalogue'),
  ...proven('CH-06', 'CH-07', 'CH-08', 'CH-09', 'CH-10'),
  ...partial('CH-11', 'an isolated worker', 'the dispatcher that runs each tenant in a child process'),
  ...proven('CH-12', 'CH-13', 'CH-14', 'CH-15', 'CH-16', 'CH-17', 'CH-18'),
]

const isolation: readonly Entry[] = [
  ...proven('IS-01', 'IS-02', 'IS-03', 'IS-06', 'IS-07'),
  ...partial('IS-04', 'hybrid; a residency tag; chosen at provisioning, with stores that exist before the call returns; the licensed tier', 'provisioning by the provider'),
  ...partial('IS-05', "the provider's plane, which may tell a foreign id from an invented one", "the provider's plane"),
  ...partial('IS-08', 'an admin with fresh MFA changes the mapping, and that is audited', 'the command catalogue'),
]

const identity: readonly Entry[] = [
  ...later('RO-01', 'RO-02', 'RO-04', 'RO-05', 'RO-06', 'RO-08'),
  ...partial('RO-03', 'sees billing and subscription', 'the read models of billing'),
  ...proven('RO-07'),
  ...partial('ID-03', 'rotating, and the warning to store the secret', 'the command catalogue'),
  ...partial('ID-04', 'the exchange for humans, 15 minutes at most', 'sign-in with passwords, second factors and external issuers'),
  ...partial('ID-06', 'disabling and rotating as acts that reach every process by themselves', 'the command catalogue'),
  ...proven('ID-09'),
  ...later('ID-01', 'ID-02', 'ID-05', 'ID-07', 'ID-08'),
  ...partial('SE-01', 'the broker resolves a credential_ref', 'the secret store'),
  ...partial('SE-03', 'queue payloads, traces, repositories and packages', 'the secret store and the scan of all sinks'),
  ...partial('SE-04', 'presence and last-updated', 'the secret store'),
  ...later('SE-02', 'SE-05', 'SE-06', 'SE-07', 'SE-08'),
]

const operation: readonly Entry[] = [
  ...proven('CO-01', 'AP-01', 'AP-02', 'AP-03', 'AU-01', 'AU-04'),
  ...partial('CO-02', 'before any credential is collected', 'connector set-up'),
  ...partial('CO-05', 'the act of activating', 'connector set-up'),
  ...partial('CO-07', 'an isolated worker, so that connector code cannot reach a credential', 'the dispatcher that runs each tenant in a child process'),
  ...partial('CO-08', 'changing the origins asks for the credential again', 'connector set-up'),
  ...partial('CO-09', "an upstream's requests to the client, one upstream per tenant and customer", 'upstream servers as connectors'),
  ...later('CO-03', 'CO-04', 'CO-06'),
  ...partial('AP-04', 'their own one-time codes, and the proof in the audit', 'sign-in with second factors'),
  ...partial('AP-06', 'approvers are notified', 'notices'),
  ...later('AP-05', 'SG-01'),
  ...partial('ME-03', "what was admitted and shed, counted per tenant; limits that the provider reads and tunes", "the provider's plane"),
  ...later('ME-01', 'ME-02', 'NO-01', 'VW-01'),
  ...partial('AU-02', 'changes of users, roles, MFA, connectors and overrides', 'the command catalogue'),
  ...later('AU-03', 'AU-05', 'AU-06'),
  ...later('PR-01', 'PR-02', 'PR-03', 'PR-04', 'PR-05', 'PR-06', 'PR-07', 'PR-08'),
]

const embedding: readonly Entry[] = [
  ...partial('EM-02', 'a port for secrets, and Vault supplied', 'the secret store'),
  ...partial('EM-04', 'laws of the ports for secrets, notices and commands', 'those ports'),
  ...proven('EM-01'),
  ...later('EM-03'),
]

/** Denial codes in the printed order of the gates. */
const codes: readonly Entry[] = [
  ...proven('request_too_large', 'request_too_deep', 'malformed', 'shed'),
  ...proven('token_missing', 'token_invalid', 'token_expired', 'token_wrong_type', 'token_wrong_audience', 'token_lifetime_exceeded'),
  ...proven('issuer_unknown', 'principal_disabled', 'credential_revoked', 'revocation_unknown', 'clock_unsafe'),
  ...proven('tenant_mismatch', 'tenant_not_active'),
  ...proven('customer_invalid', 'customer_required', 'customer_not_found'),
  ...proven('isolation_unavailable', 'snapshot_unavailable', 'snapshot_stale', 'policy_outdated', 'tool_unknown'),
  ...proven('subscription_suspended', 'subscription_read_only'),
  ...proven('connector_not_entitled', 'connector_suspended'),
  ...proven('instance_customer_mismatch', 'instance_not_configured', 'instance_unhealthy', 'instance_inactive', 'tool_changed'),
  ...proven('method_unclassified', 'role_forbids', 'tool_scope_mismatch', 'scope_forbids', 'step_up_required'),
  ...proven('input_invalid', 'customer_out_of_scope'),
  ...proven('quota_exhausted', 'rate_limited'),
  ...proven('approval_required', 'approval_pending', 'approval_refused', 'approval_expired', 'approval_consumed', 'approval_stale'),
  ...proven('self_approval'),
  ...later('precondition_unmet'), // pre-issued approvals have conditions, others do not
  ...proven('credential_unavailable', 'endpoint_forbidden', 'connector_failed', 'connector_timeout', 'cancelled', 'idempotency_conflict'),
  ...proven('audit_unavailable'),
  ...proven('record_not_found', 'customer_leak_blocked', 'secret_echo', 'output_invalid', 'output_too_large'),
]

/** Every requirement and every denial code, each exactly once. */
export const MANIFEST: ReadonlyMap<string, Standing> = new Map([...chain, ...isolation, ...identity, ...operation, ...embedding, ...codes])
