import { createPortcullis, inProcess, Secret, type Connector, type Portcullis } from '../../../core/src/index.ts'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf } from '../../../core/src/memory/index.ts'

/** A tenant with the connector as its own server, and a token of whole-tenant reach for it. */
export async function deployment(connector: Connector): Promise<{ readonly portcullis: Portcullis; readonly token: string }> {
  const keys = keysFrom(new Uint8Array(32).fill(9))
  const { secret, keyId } = mintShownSecret('test')
  const portcullis = await createPortcullis({
    url: 'http://127.0.0.1:1', storage: memoryStorage(), keys, connectors: [connector], dispatcher: inProcess(), warn: () => undefined,
    shedding: { requests: { principal: 100_000, tenant: 100_000 }, records: { principal: 100_000, tenant: 100_000 } }, // the suite asks for hundreds of refusals a minute
    world: {
      tenants: {
        northwind: {
          customers: {}, entitlements: { [connector.id]: 'entitled' },
          principals: { suite: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'tenant_admin' }], credentials: [{ id: keyId, secretHash: hashSecret(pepperOf(keys), secret), scopes: ['*'] }] } },
          instances: { own: { connector: connector.id, alias: '', settings: {}, credential: () => Secret.of({ none: 'none' }), mapping: {} } },
        },
      },
    },
  })
  const exchanged = await portcullis.exchange({ secret })
  if (exchanged.kind !== 'token') throw new Error(exchanged.error)
  return { portcullis, token: exchanged.token }
}
