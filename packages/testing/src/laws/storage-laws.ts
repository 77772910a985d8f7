import { APPROVAL_LAWS } from './approval-laws.ts'
import { CALL_LAWS } from './call-laws.ts'
import { IDEMPOTENCY_LAWS } from './idempotency-laws.ts'
import { Looks, type Law } from './law.ts'
import { LOG_LAWS } from './log-laws.ts'
import { MODEL_LAWS } from './model-laws.ts'
import { QUOTA_LAWS } from './quota-laws.ts'
import { STANDING_LAWS } from './standing-laws.ts'
import type { StorageSubject } from './subject.ts'
import { TENANT_LAWS } from './tenant-laws.ts'

const ALL = [...LOG_LAWS, ...QUOTA_LAWS, ...APPROVAL_LAWS, ...CALL_LAWS, ...IDEMPOTENCY_LAWS, ...TENANT_LAWS, ...STANDING_LAWS, ...MODEL_LAWS]

/** What every storage must keep to, on subjects from `make`: each law makes its own and disposes of it. */
export function storageLaws(make: () => Promise<StorageSubject>): readonly Law[] {
  return ALL.map(({ id, name, check }) => ({
    id, name,
    check: async () => {
      const looks = new Looks()
      const subject = await make()
      try {
        await check(subject, looks)
      } finally {
        await subject.dispose()
      }
      return { cases: looks.cases }
    },
  }))
}
