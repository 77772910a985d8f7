import type { Credential, Directory, Principal } from './directory.ts'
import { holderKey, type Revocation, type Standing } from './standing.ts'

type Held = Pick<Directory, 'epoch' | 'principals' | 'credentials'>

/** More than facts ever count. */
const FACTS = 2 ** 32

/** One number for two counts: no change of one of them can be undone by the other. */
const epochOf = (facts: number, revoked: Revocation | undefined): number => facts + (revoked?.epoch ?? 0) * FACTS

/** A directory whose epochs count what the store has revoked too. */
export function withEndedTokens<D extends Held>(directory: D, { revocations }: Standing): D {
  const all = revocations.get('tenant')
  const principals = new Map<string, Principal>()
  for (const [id, principal] of directory.principals) {
    const own = revocations.get(holderKey({ kind: 'principal', id }))
    const times = [principal.revokedAt, own?.at, all?.at].filter((at) => at !== undefined)
    principals.set(id, { ...principal, epoch: epochOf(principal.epoch, own), ...(times.length === 0 ? {} : { revokedAt: Math.max(...times) }) })
  }
  const credentials = new Map<string, Credential>()
  for (const [id, credential] of directory.credentials) {
    credentials.set(id, { ...credential, epoch: epochOf(credential.epoch, revocations.get(holderKey({ kind: 'credential', id }))) })
  }
  return { ...directory, epoch: epochOf(directory.epoch, all), principals, credentials }
}
