import type { Code, Gate } from './stages.ts'

/** Whether anything took effect at the vendor: surely not, surely, or nobody can tell. */
export type Effect = 'none' | 'done' | 'unknown'

export interface CodeEntry {
  readonly gate: Gate
  /** One sentence, fixed: no denial echoes an id or a name that the caller sent. */
  readonly message: string
  /** What the caller can do next. */
  readonly remedy: string
  readonly effect: Effect
  /** The same call may succeed later without anything being changed. Only ever true when the effect is `none`. */
  readonly retryable: boolean
  /** False for codes that only the audit and the operator's view name. */
  readonly caller: boolean
}

const deny = (gate: Gate, message: string, remedy: string, more: Partial<CodeEntry> = {}): CodeEntry => ({
  gate, message, remedy, effect: 'none', retryable: false, caller: true, ...more,
})
const later = { retryable: true } as const

/** Every code, once. A code never changes its meaning; its words may. */
export const CODES: { readonly [C in Code]: CodeEntry } = {
  request_too_large: deny('ingress', 'The request is larger than this server accepts.', 'Send less than 1 MiB.'),
  request_too_deep: deny('ingress', 'The request is nested more deeply than this server accepts.', 'Send at most 64 levels.'),
  malformed: deny('ingress', 'The request is not well-formed.', 'Send one JSON-RPC request without duplicate keys.'),
  shed: deny('ingress', 'Too many requests of this kind were made in a short time.', 'Wait and send fewer.', later),

  token_missing: deny('authenticate', 'No access token was sent.', 'Send a bearer token in the Authorization header.'),
  token_invalid: deny('authenticate', 'The access token is not valid here.', 'Get a new access token.'),
  token_expired: deny('authenticate', 'The access token has expired.', 'Get a new access token.'),
  token_wrong_type: deny('authenticate', 'The token is not an access token.', 'Send an access token of type at+jwt.'),
  token_wrong_audience: deny('authenticate', 'The access token was issued for another server.', 'Get a token for this server as its only audience.'),
  token_lifetime_exceeded: deny('authenticate', 'The access token lives longer than is allowed here.', 'Get a token of at most 15 minutes (services: 60).'),
  issuer_unknown: deny('authenticate', 'The issuer of the access token is not known here.', 'Use a registered issuer.'),
  principal_disabled: deny('authenticate', 'This account may not sign in.', 'Ask an administrator.'),
  credential_revoked: deny('authenticate', 'The credential behind this token has been revoked.', 'Get a new credential.'),
  revocation_unknown: deny('authenticate', 'It cannot be told at the moment whether this token still holds.', 'Try again shortly.', later),
  clock_unsafe: deny('authenticate', 'This server cannot tell the time safely at the moment.', 'Try again shortly.', later),

  tenant_mismatch: deny('tenant', 'The request names a tenant that is not the one of its token.', 'Leave the tenant out: it comes from the token.'),
  tenant_not_active: deny('tenant', 'This tenant is not active.', 'Ask the provider.'),

  customer_invalid: deny('customer', 'The customer id is malformed.', 'Use the id exactly as it was given to you.'),
  customer_required: deny('customer', 'The request must be for one customer.', 'Connect to /mcp/customers/{id}, or to /mcp/tenant if you may act for the whole tenant.'),
  customer_not_found: deny('customer', 'There is no such customer for you.', 'Check the customer id with an administrator.'),

  isolation_unavailable: deny('snapshot', "The tenant's store cannot be reached.", 'Try again shortly.', later),
  snapshot_unavailable: deny('snapshot', 'Entitlements cannot be read at the moment.', 'Try again shortly.', later),
  snapshot_stale: deny('snapshot', 'Entitlements are too old to decide on.', 'Try again shortly.', later),
  policy_outdated: deny('snapshot', 'This server is older than the policy in force.', 'Try again when it has been updated.', later),
  tool_unknown: deny('snapshot', 'There is no such tool.', 'List the tools.', { caller: false }),

  subscription_suspended: deny('subscription', 'The subscription is suspended.', 'Ask an owner of the tenant.'),
  subscription_read_only: deny('subscription', 'The subscription is read-only.', 'Ask an owner of the tenant.'),

  connector_not_entitled: deny('connector', 'The tenant is not entitled to this connector.', 'Ask an owner of the tenant.'),
  connector_suspended: deny('connector', 'The entitlement to this connector is suspended.', 'Ask an owner of the tenant.'),

  instance_customer_mismatch: deny('readiness', 'This connection does not serve the reach of the request.', 'Ask an administrator to map the customer.'),
  instance_not_configured: deny('readiness', 'This connection is not configured.', 'Ask an administrator to finish its set-up.'),
  instance_unhealthy: deny('readiness', 'This connection is not known to be healthy.', 'Try again after its next health check.', later),
  instance_inactive: deny('readiness', 'This connection is not active.', 'Ask an administrator to activate it.'),
  tool_changed: deny('readiness', 'The definition of this tool has changed since it was accepted.', 'Ask an administrator to accept it again.'),

  method_unclassified: deny('policy', 'This method is not available.', 'Use the methods that the server announces.'),
  role_forbids: deny('policy', 'Your role may not do this.', 'Ask somebody whose role may.'),
  tool_scope_mismatch: deny('policy', 'This tool does not work with the reach of the request.', 'Use it for one customer, or for the whole tenant, as its description says.'),
  scope_forbids: deny('policy', 'The credential or token lacks the scope for this tool.', 'Ask for a token or a credential that has it.'),
  step_up_required: deny('policy', 'This tool needs a second factor not older than 15 minutes.', 'Sign in again with a second factor.'),
  input_invalid: deny('policy', 'The arguments are not valid.', 'Correct them by the input schema.'),
  customer_out_of_scope: deny('policy', 'A record that the arguments name is not within the customer of the request.', 'Use ids that a list for this customer returned.'),

  quota_exhausted: deny('quota', 'The included calls of this billing period are used up.', 'Wait for the next period or ask an owner of the tenant.'),
  rate_limited: deny('quota', 'Calls are coming too fast.', 'Wait and try again.', later),

  approval_required: deny('approval', "This call needs somebody else's approval; a request has been opened.", 'Repeat the same call once it is approved.'),
  approval_pending: deny('approval', 'The approval of this call is still pending.', 'Repeat the same call once it is approved.'),
  approval_refused: deny('approval', 'The approval of this call was refused.', 'Talk to the approver; a new request opens 15 minutes after the refusal.'),
  approval_expired: deny('approval', 'The approval has expired.', 'Repeat the call without the approval id to open a new request.'),
  approval_consumed: deny('approval', 'The approval has already been used.', 'A new request for the same call opens 15 minutes after its use.'),
  approval_stale: deny('approval', 'The approval does not fit this call as things stand now.', 'Repeat the call without the approval id to open a new request.'),
  self_approval: deny('approval', 'Nobody approves their own request.', 'Ask another approver.'),
  precondition_unmet: deny('approval', 'The condition of this approval is not fulfilled.', 'Wait until it is.'),

  credential_unavailable: deny('dispatch', "The connection's credential cannot be used at the moment.", 'Ask an administrator to check the connection.'),
  endpoint_forbidden: deny('dispatch', 'The connector tried to reach an address outside its connection.', 'Ask an administrator to check the connection.'),
  connector_failed: deny('dispatch', 'What carries out the call failed.', 'Check whether it took effect before you try again.', { effect: 'unknown' }),
  connector_timeout: deny('dispatch', 'What carries out the call did not answer in time.', 'Check whether it took effect before you try again.', { effect: 'unknown' }),
  cancelled: deny('dispatch', 'The call was cancelled.', 'Check whether it took effect before you try again.', { effect: 'unknown' }),
  idempotency_conflict: deny('dispatch', 'The idempotency key is taken: by another call, or by this one, whose answer is not there.', 'For another call use a new key. For the same call repeat it later with this key, or check whether it took effect.'),

  audit_unavailable: deny('audit', 'The call could not be recorded.', 'Try again shortly.', later),

  record_not_found: deny('respond', 'There is no such record.', 'Check the id.'),
  customer_leak_blocked: deny('respond', 'The answer could not be attributed to the customer and was withheld.', 'Tell the author of the connector.'),
  secret_echo: deny('respond', 'The answer contained a credential and was withheld.', 'Tell an administrator at once.'),
  output_invalid: deny('respond', "The answer did not fit the tool's output schema and was withheld.", 'Tell the author of the connector.'),
  output_too_large: deny('respond', 'The answer is larger than is allowed and was withheld.', 'Ask for less.'),
}
