import { resolveTool } from '../../../packages/core/src/chain/04-snapshot.ts'
import { decideSubscription } from '../../../packages/core/src/chain/05-subscription.ts'
import { decideConnector } from '../../../packages/core/src/chain/06-connector.ts'
import { decideReadiness } from '../../../packages/core/src/chain/07-readiness.ts'
import { decidePolicy } from '../../../packages/core/src/chain/08-policy.ts'
import { enterWith, factsWith } from '../evidence.ts'
import { cpuPerOperation, figure, type Figure } from '../measure.ts'

const OPERATIONS = 100_000

/** Gates 1 to 8 with their trace, over facts in memory, against the plainest check that could stand in for them. */
export async function decision(): Promise<readonly Figure[]> {
  const facts = factsWith(50)
  const value = await cpuPerOperation(() => {
    for (let index = 0; index < OPERATIONS; index++) decide()
    return OPERATIONS
  })
  const bindings = new Map([['bot', [{ role: 'customer_operator', customer: 'acme' }]]])
  let allowed = 0
  const baseline = await cpuPerOperation(() => {
    for (let index = 0; index < OPERATIONS; index++) {
      if (bindings.get('bot')?.some(({ role, customer }) => role === 'customer_operator' && customer === 'acme') === true && facts.snapshot.tools.has('psa.list_7')) allowed += 1
    }
    return OPERATIONS
  })
  if (allowed === 0) throw new Error('the plain check never allowed')
  return [figure('decision', 'µs CPU', value, baseline, '≤ 5 µs', value <= 5)]

  function decide(): void {
    const { base, trace } = enterWith(facts)
    const known = trace.at('snapshot', resolveTool(base, 'psa.list_7'))
    if (known.kind !== 'pass') throw new Error(known.code)
    const subscribed = trace.at('subscription', decideSubscription(known.proof))
    if (subscribed.kind !== 'pass') throw new Error(subscribed.code)
    const entitled = trace.at('connector', decideConnector(subscribed.proof))
    if (entitled.kind !== 'pass') throw new Error(entitled.code)
    const ready = trace.at('readiness', decideReadiness(entitled.proof))
    if (ready.kind !== 'pass') throw new Error(ready.code)
    const permitted = trace.at('policy', decidePolicy(ready.proof))
    if (permitted.kind !== 'pass') throw new Error(permitted.code)
  }
}
