import { createHash } from 'node:crypto'
import { Fault } from '@portcullis/core'

const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,63}$/

/**
 * What stands for a tenant in keys and in the setting that row-level security reads: the id itself where it is plain, else `~` and its SHA-256.
 * @throws Fault `tenant_id_invalid` unless 1 to 1024 characters of well-formed Unicode: ids that differ stay different as bytes.
 */
export function tenantKey(id: string): string {
  if (typeof id !== 'string' || id.length === 0 || id.length > 1024 || !id.isWellFormed()) {
    throw new Fault('tenant_id_invalid', 'A tenant id is 1 to 1024 characters of well-formed Unicode.')
  }
  return PLAIN.test(id) ? id : `~${createHash('sha256').update(id).digest('hex')}`
}
