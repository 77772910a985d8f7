import { createPortcullis, inProcess, Secret, type Connector, type Portcullis } from '../../../core/src/index.ts'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf, systemClock } from '../../../core/src/memory/index.ts'
import type { Role } from '../../../core/src/roles/role.ts'

export interface Deployment {
  readonly portcullis: Portcullis
  /** Of the tenant's own server, with whole-tenant reach. */
  readonly token: string
  /** Of another account of the tenant, and of one that only sees customers. */
  readonly other: string
  readonly viewer: string
  /** Of another tenant with the same server. */
  readonly rival: string
  /** A fresh token of the first account. */
  renew(): Promise<string>
  /** Moves the clock (ms). */
  pass(ms: number): void
}

/** Two tenants with the connector as their own server. The suite asks for hundreds of refusals a minute, so nothing is shed. */
export async function deployment(connector: Connector): Promise<Deployment> {
  const keys = keysFrom(new Uint8Array(32).fill(9))
  const secrets: Record<string, string> = {}
  let passed = 0
  const account = (name: string, role: Role, customer?: string, scopes = ['*']) => {
    const { secret, keyId } = mintShownSecret('test')
    secrets[name] = secret
    return { kind: 'service', keepers: ['ada'], bindings: [{ role, ...(customer === undefined ? {} : { customer }) }], credentials: [{ id: keyId, secretHash: hashSecret(pepperOf(keys), secret), scopes }] } as const
  }
  const tenant = { customers: { acme: {} }, entitlements: { [connector.id]: 'entitled' }, instances: { own: { connector: connector.id, alias: '', settings: {}, credential: () => Secret.of({ none: 'none' }), mapping: {} } } } as const
  const portcullis = await createPortcullis({
    url: 'http://127.0.0.1:1', storage: memoryStorage(), keys, connectors: [connector], dispatcher: inProcess(), warn: () => undefined,
    clock: { ...systemClock, now: () => systemClock.now() + passed },
    shedding: { requests: { principal: 100_000, tenant: 100_000 }, records: { principal: 100_000, tenant: 100_000 } },
    world: {
      tenants: {
        northwind: { ...tenant, principals: { suite: account('token', 'tenant_admin'), other: account('other', 'tenant_admin'), viewer: account('viewer', 'customer_viewer', 'acme') } },
        southridge: { ...tenant, principals: { rival: account('rival', 'tenant_admin') } },
      },
    },
  })
  const tokenOf = async (name: string): Promise<string> => {
    const exchanged = await portcullis.exchange({ secret: secrets[name] ?? '' })
    if (exchanged.kind !== 'token') throw new Error(exchanged.error)
    return exchanged.token
  }
  return { portcullis, token: await tokenOf('token'), other: await tokenOf('other'), viewer: await tokenOf('viewer'), rival: await tokenOf('rival'), renew: () => tokenOf('token'), pass: (ms) => { passed += ms } }
}
