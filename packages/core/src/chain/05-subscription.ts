import type { Known } from './04-snapshot.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 5. */
class SubscriptionAllows {
  readonly #known: Known

  constructor(known: Known) {
    this.#known = known
  }

  get known(): Known {
    return this.#known
  }
}
export type Subscribed = SubscriptionAllows

/** Gate 5: a suspended subscription runs no tool, a read-only one only reads, approved or not. A status that is none of the three is suspended. */
export function decideSubscription(known: Known): Verdict<'subscription', Subscribed> {
  const { subscription } = known.base.snapshot
  if (subscription !== 'active' && subscription !== 'read_only') return deny('subscription', 'subscription_suspended')
  if (subscription === 'read_only' && known.named.tool.risk !== 'read') return deny('subscription', 'subscription_read_only')
  return pass(new SubscriptionAllows(known))
}
