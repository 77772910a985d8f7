import { createPortcullis, inProcess, ownInstance, parseShownSecret, type Portcullis } from '../../../core/src/index.ts'
import { hashSecret, keysFrom, memoryStorage, pepperOf } from '../../../core/src/memory/index.ts'
import type { Role } from '../../../core/src/roles/role.ts'
import type { Change } from '../../src/index.ts'
import { everything } from '../everything/everything.ts'

export interface Secrets {
  readonly admin: string
  /** Who is not told of any tool. */
  readonly billing: string
}

/** The same deployment in every process that is given the same secrets, so that a token of one holds in the others. */
export function fixture({ admin, billing }: Secrets, changed: (change: Change) => void = () => undefined): Promise<Portcullis> {
  const keys = keysFrom(new Uint8Array(32).fill(11))
  const account = (secret: string, role: Role) => ({
    kind: 'service' as const, keepers: ['ada'], bindings: [{ role }],
    credentials: [{ id: parseShownSecret(secret)?.keyId ?? '', secretHash: hashSecret(pepperOf(keys), secret), scopes: ['*'] }],
  })
  const own = ownInstance()
  return createPortcullis({
    url: 'https://mcp.example.com', storage: memoryStorage(), keys, connectors: [everything(changed)], dispatcher: inProcess(), warn: () => undefined,
    world: { tenants: { northwind: { customers: {}, principals: { admin: account(admin, 'tenant_admin'), billing: account(billing, 'tenant_billing_admin') }, entitlements: { self: 'entitled' }, instances: { own } } } },
  })
}
