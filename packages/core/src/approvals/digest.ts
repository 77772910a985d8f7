import { createHash } from 'node:crypto'
import type { CustomerKey } from '../connectors/connector.ts'
import { canonicalJson } from '../json/canonical.ts'

/** Everything that an approval is bound to: change any of it, and it is another call. */
export interface ApprovedCall {
  readonly tenant: string
  readonly customer: string | null
  /** Whom the vendor knows the customer as: a mapping that was corrected is another call. */
  readonly key: CustomerKey | null
  readonly instance: string
  readonly configuration: number
  readonly tool: string
  readonly definition: string
  readonly arguments: unknown
  readonly requester: string
  readonly policy: number
  readonly quorum: number
}

/** SHA-256 hex over RFC 8785 JSON: the order of members never matters, everything else does. */
export const digestOf = (call: ApprovedCall): string => createHash('sha256').update(canonicalJson({ v: 1, ...call })).digest('hex')
