/**
 * What the two pretended vendors hold. All MSPs use the same vendors; their customers have the same ids and names on purpose, so that
 * a mix-up between MSPs cannot hide behind "not found". Every text carries a canary that tells whose it is.
 */
export const MSPS = ['northwind', 'southridge', 'eastgate'] as const
export type Msp = (typeof MSPS)[number]

export const CUSTOMERS = [
  { slug: 'acme', name: 'Acme Ltd' },
  { slug: 'globex', name: 'Globex Corp' },
  { slug: 'initech', name: 'Initech Inc' },
] as const
export type CustomerSlug = (typeof CUSTOMERS)[number]['slug']

/** One key per MSP, and it sees all its customers: the situation that the gateway exists for. */
export const HALO_CREDENTIALS: Readonly<Record<Msp, { clientId: string; clientSecret: string }>> = {
  northwind: { clientId: 'northwind-portcullis', clientSecret: 'canary-halo-client-secret-northwind' },
  southridge: { clientId: 'southridge-portcullis', clientSecret: 'canary-halo-client-secret-southridge' },
  eastgate: { clientId: 'eastgate-portcullis', clientSecret: 'canary-halo-client-secret-eastgate' },
}
export const HUDU_CREDENTIALS: Readonly<Record<Msp, { apiKey: string }>> = {
  northwind: { apiKey: 'canary-hudu-api-key-northwind' },
  southridge: { apiKey: 'canary-hudu-api-key-southridge' },
  eastgate: { apiKey: 'canary-hudu-api-key-eastgate' },
}

/** The vendors' own keys of the customers: what an instance's customer mapping holds (IS-08). */
export const HALO_CLIENT_IDS: Readonly<Record<CustomerSlug, number>> = { acme: 11, globex: 12, initech: 13 }
export const HUDU_COMPANY_IDS: Readonly<Record<CustomerSlug, number>> = { acme: 1, globex: 2, initech: 3 }

/** Found in an answer, it says whose data leaked. The same for one seed. */
export function canary(seed: number, msp: Msp, customer: CustomerSlug): string {
  const mark = Math.floor(numbers(`${seed}/${msp}/${customer}`)() * 0xffffffff).toString(16).padStart(8, '0')
  return `canary-${msp}-${customer}-${mark}`
}

/** Repeatable numbers in [0, 1) (mulberry32 over an FNV-1a hash). */
export function numbers(seed: string): () => number {
  let state = [...seed].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
