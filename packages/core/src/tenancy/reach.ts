/** What one request is for: exactly one customer, or the whole tenant. */
export type Reach = { readonly kind: 'customer'; readonly customer: string } | { readonly kind: 'tenant' }

/** What the endpoint that the client was configured with asks for. `plain` asks for nothing. */
export type Endpoint = { readonly kind: 'plain' } | Reach

/** The form of every id that Portcullis gives out or accepts. Ids are opaque, compared byte for byte, and never encode a tenant. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/** One string a reach, for keys of maps: a customer id cannot contain the colon. */
export const reachKey = (reach: Reach): string => (reach.kind === 'tenant' ? 'tenant' : `customer:${reach.customer}`)
