import { createHmac, type KeyObject } from 'node:crypto'
import type { Owned } from './chain/08-arguments.ts'
import { requesterOf } from './identity/requester.ts'
import type { Idempotency } from './ledger/item.ts'
import { reachKey } from './tenancy/reach.ts'

/** Visible ASCII: what survives every header, log and database as it is. */
export const isIdempotencyKey = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)

/**
 * What the ledger knows a key by, and by what it knows the call again; undefined for a call without one. Both are keyed digests: whoever
 * reads the store learns neither the key nor the arguments, and cannot try them out. A key is its requester's alone, and one
 * customer's, whatever session or token it comes with; a call is the same one as long as an approval of it would hold.
 */
export function idempotencyOf(owned: Owned, secret: KeyObject): Idempotency | undefined {
  const { idempotencyKey, permitted } = owned.prepared
  if (idempotencyKey === undefined) return undefined
  const { place: { tenant, who }, reach } = permitted.ready.known.base.scope
  return { key: digest(secret, ['key', tenant, requesterOf(who.principal), reachKey(reach), idempotencyKey]), fingerprint: digest(secret, ['fingerprint', owned.digest()]) }
}

/** An array with a name at its head: nothing else that this key digests begins like that. */
const digest = (secret: KeyObject, parts: readonly string[]): string => createHmac('sha256', secret).update(JSON.stringify(['portcullis-idempotency-1', ...parts])).digest('base64url')
