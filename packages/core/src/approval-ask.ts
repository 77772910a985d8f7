import { electorate, selfOf } from './approvals/eligible.ts'
import { QUORUM, type Owned } from './chain/08-arguments.ts'
import { requesterOf } from './identity/requester.ts'
import { canonicalJson } from './json/canonical.ts'
import type { AdmitItem } from './ledger/item.ts'

/** What the ledger needs to find the approval of exactly this call, or to open a request for it. `id` is for the request. */
export function approvalAsk(owned: Owned, approvalId: string | undefined, id: string): NonNullable<AdmitItem['approval']> {
  const { prepared } = owned
  const { known } = prepared.permitted.ready
  const { place, reach } = known.base.scope
  const { principal, directory, now } = place.who
  const customer = reach.kind === 'customer' ? reach.customer : undefined
  const digest = owned.digest()
  const requester = requesterOf(principal)
  const self = selfOf(principal, directory)
  return {
    ask: { digest, requester, approvalId, electorate: electorate(directory, customer, now).filter((person) => !self.includes(person)) },
    request: { id, digest, requester, self, customer, tool: known.named.name, instance: known.named.instance.id, arguments: prepared.text, sent: canonicalJson(prepared.sent), quorum: QUORUM },
  }
}
