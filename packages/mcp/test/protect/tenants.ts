import { createPortcullis, inProcess, ownInstance, Secret, type Connector, type Portcullis } from '../../../core/src/index.ts'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf } from '../../../core/src/memory/index.ts'
import type { Role } from '../../../core/src/roles/role.ts'

export type Account = 'admin' | 'operator' | 'auditor' | 'billing' | 'rival'

export interface Tenants extends AsyncDisposable {
  readonly portcullis: Portcullis
  readonly token: { readonly [A in Account]: string }
  /** The next token of the same account, of the same authority. */
  renew(account: Account): Promise<string>
  /** Everything that northwind's log says. */
  log(): Promise<string>
}

/** Two tenants that have the server as their own: northwind with one account for each kind of right, southridge with an administrator. */
export async function tenants(connector: Connector, more: { readonly callMs?: number; readonly scopes?: readonly string[]; readonly beside?: Connector } = {}): Promise<Tenants> {
  const keys = keysFrom(new Uint8Array(32).fill(11))
  const secrets: Record<string, string> = {}
  const account = (name: Account, role: Role, scopes: readonly string[] = ['*']) => {
    const { secret, keyId } = mintShownSecret('test')
    secrets[name] = secret
    return { kind: 'service', keepers: ['ada'], bindings: [{ role }], credentials: [{ id: keyId, secretHash: hashSecret(pepperOf(keys), secret), scopes: [...scopes] }] } as const
  }
  const instance = (id: string) => ({ connector: id, alias: 'beside', settings: {}, credential: () => Secret.of({ none: 'none' }), mapping: {} })
  const { beside } = more
  const shared = {
    customers: { acme: {} }, entitlements: { self: 'entitled' as const, ...(beside === undefined ? {} : { [beside.id]: 'entitled' as const }) },
    instances: { own: ownInstance(), ...(beside === undefined ? {} : { beside: instance(beside.id) }) },
  }
  const portcullis = await createPortcullis({
    url: 'http://127.0.0.1:1', storage: memoryStorage(), keys, connectors: beside === undefined ? [connector] : [connector, beside], dispatcher: inProcess(), warn: () => undefined, ...(more.callMs === undefined ? {} : { callMs: more.callMs }),
    shedding: { requests: { principal: 100_000, tenant: 100_000 }, records: { principal: 100_000, tenant: 100_000 } },
    world: {
      tenants: {
        northwind: {
          ...shared,
          principals: { admin: account('admin', 'tenant_admin'), operator: account('operator', 'tenant_operator', more.scopes), auditor: account('auditor', 'tenant_auditor'), billing: account('billing', 'tenant_billing_admin') },
        },
        southridge: { ...shared, principals: { rival: account('rival', 'tenant_admin') } },
      },
    },
  })
  const renew = async (name: Account): Promise<string> => {
    const exchanged = await portcullis.exchange({ secret: secrets[name] ?? '' })
    if (exchanged.kind !== 'token') throw new Error(exchanged.error)
    return exchanged.token
  }
  return {
    portcullis, renew,
    token: { admin: await renew('admin'), operator: await renew('operator'), auditor: await renew('auditor'), billing: await renew('billing'), rival: await renew('rival') },
    async log() {
      let log = ''
      for await (const line of portcullis.exportLog('northwind')) log += `${Buffer.from(line).toString()}\n`
      return log
    },
    [Symbol.asyncDispose]: () => portcullis.close(),
  }
}
