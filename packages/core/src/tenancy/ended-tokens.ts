import type { Credential, Directory, Principal } from './directory.ts'
import { holderKey, type Standing } from './standing.ts'

type Held = Pick<Directory, 'epoch' | 'principals' | 'credentials'>

/** A directory whose epochs count what the store has revoked too. A revocation by the facts and one by the store never undo each other. */
export function withEndedTokens<D extends Held>(directory: D, { revocations }: Standing): D {
  if (revocations.size === 0) return directory
  const all = revocations.get('tenant')
  const principals = new Map<string, Principal>()
  for (const [id, principal] of directory.principals) {
    const own = revocations.get(holderKey({ kind: 'principal', id }))
    const times = [principal.revokedAt, own?.at, all?.at].filter((at) => at !== undefined)
    principals.set(id, own === undefined && all === undefined ? principal : { ...principal, epoch: principal.epoch + (own?.epoch ?? 0), revokedAt: Math.max(...times) })
  }
  const credentials = new Map<string, Credential>()
  for (const [id, credential] of directory.credentials) {
    credentials.set(id, { ...credential, epoch: credential.epoch + (revocations.get(holderKey({ kind: 'credential', id }))?.epoch ?? 0) })
  }
  return { ...directory, epoch: directory.epoch + (all?.epoch ?? 0), principals, credentials }
}
