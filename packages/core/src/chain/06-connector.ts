import type { Subscribed } from './05-subscription.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 6. */
class ConnectorEntitled {
  readonly #subscribed: Subscribed

  constructor(subscribed: Subscribed) {
    this.#subscribed = subscribed
  }

  get subscribed(): Subscribed {
    return this.#subscribed
  }
}
export type Entitled = ConnectorEntitled

/** Gate 6: the tenant's entitlement to the connector; a suspended one refuses reads too. */
export function decideConnector(subscribed: Subscribed): Verdict<'connector', Entitled> {
  const { base, named } = subscribed.known
  const entitlement = base.snapshot.entitlements.get(named.instance.connector.id) ?? 'not_entitled'
  if (entitlement === 'suspended') return deny('connector', 'connector_suspended')
  if (entitlement !== 'entitled') return deny('connector', 'connector_not_entitled')
  return pass(new ConnectorEntitled(subscribed))
}
