/** Whose tokens end: everybody's of the tenant, one principal's, or those of one credential. */
export type TokenHolder = { readonly kind: 'tenant' } | { readonly kind: 'principal' | 'credential'; readonly id: string }

/** How often all tokens of a holder were ended, and when last (ms). */
export interface Revocation {
  readonly epoch: number
  readonly at: number
}

/** What the store itself knows about the facts of a tenant, and every process that serves the tenant must see within seconds. */
export interface Standing {
  /** Raised by one with every other change of the standing: an admission that was decided on an older one is sent back. */
  readonly authorization: number
  /** Of the facts that were published last. */
  readonly fingerprint: string | undefined
  /** The oldest policy version that may decide on this tenant. Never lowered. */
  readonly minimumPolicy: number
  /** By `holderKey`; absent = never. */
  readonly revocations: ReadonlyMap<string, Revocation>
}

export const NO_STANDING: Standing = { authorization: 0, fingerprint: undefined, minimumPolicy: 1, revocations: new Map() }

export const holderKey = (holder: TokenHolder): string => (holder.kind === 'tenant' ? 'tenant' : `${holder.kind} ${holder.id}`)

/** Facts that come back after others are a new version too. */
export const published = (standing: Standing, fingerprint: string): Standing =>
  fingerprint === standing.fingerprint ? standing : { ...standing, authorization: standing.authorization + 1, fingerprint }

export const requiring = (standing: Standing, policy: number): Standing =>
  policy <= standing.minimumPolicy ? standing : { ...standing, authorization: standing.authorization + 1, minimumPolicy: policy }

export function revoking(standing: Standing, holder: TokenHolder, now: number): Standing {
  const key = holderKey(holder)
  const { epoch = 0, at = now } = standing.revocations.get(key) ?? {}
  const revocations = new Map(standing.revocations).set(key, { epoch: epoch + 1, at: Math.max(at, now) })
  return { ...standing, authorization: standing.authorization + 1, revocations }
}
