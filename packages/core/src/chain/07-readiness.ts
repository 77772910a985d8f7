import type { CustomerKey } from '../connectors/connector.ts'
import type { Reach } from '../tenancy/reach.ts'
import type { Instance } from '../tenancy/snapshot.ts'
import type { Known } from './04-snapshot.ts'
import type { Entitled } from './06-connector.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** A check that was missed three times tells nothing any more. */
const MISSED_CHECKS = 3

/** Proof of gate 7: the instance serves this reach, and under which key the vendor knows the customer. */
class InstanceReady {
  readonly #entitled: Entitled
  readonly #key: CustomerKey | undefined

  constructor(entitled: Entitled, key: CustomerKey | undefined) {
    this.#entitled = entitled
    this.#key = key
  }

  get known(): Known {
    return this.#entitled.subscribed.known
  }

  /** Present exactly when the request is for a customer. */
  get key(): CustomerKey | undefined {
    return this.#key
  }
}
export type Ready = InstanceReady

/** Gate 7: all four states line up, the instance fits the reach, and the tool is still the one that was accepted. */
export function decideReadiness(entitled: Entitled): Verdict<'readiness', Ready> {
  const { base, named } = entitled.subscribed.known
  const { instance, tool } = named
  const { reach } = base.scope
  const key = reach.kind === 'customer' ? instance.mapping.get(reach.customer) : undefined
  if (!fits(instance, reach, key)) return deny('readiness', 'instance_customer_mismatch')
  if (instance.state.configuration !== 'configured') return deny('readiness', 'instance_not_configured')
  const health = healthOf(instance, base.now)
  if (health !== 'healthy' && health !== 'degraded') return deny('readiness', 'instance_unhealthy')
  if (instance.state.activation !== 'active') return deny('readiness', 'instance_inactive')
  const pin = instance.pins.get(tool.name)
  if (pin !== undefined && pin !== tool.hash) return deny('readiness', 'tool_changed')
  return pass(new InstanceReady(entitled, key))
}

/** A bound instance serves its customer, a shared one the customers that it has a key for; the whole tenant only a shared one. */
function fits(instance: Instance, reach: Reach, key: CustomerKey | undefined): boolean {
  if (reach.kind === 'tenant') return instance.customer === undefined
  return key !== undefined && (instance.customer === undefined || instance.customer === reach.customer)
}

/** A result that is late, from the future, or of another configuration, is no result. */
function healthOf({ state, check, configuration }: Instance, now: number): Instance['state']['health'] {
  if (check === undefined) return state.health
  return check.configuration === configuration && Math.abs(now - check.at) <= MISSED_CHECKS * check.everyMs ? state.health : 'unknown'
}
