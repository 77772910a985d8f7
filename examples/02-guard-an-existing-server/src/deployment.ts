import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpointFile, createPortcullis, inProcess, keyFile, type Connector, type Portcullis } from '@portcullis/core'
import { createKeyFile, hashSecret, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import { sqliteStorage } from '@portcullis/sqlite'
import { createIssuer, type Issuer } from './people.ts'
import { ACCOUNTS, TENANTS, world, type Account, type Public, type Tenant } from './world.ts'

/** A deployment in a folder of its own, and what its callers hold: none of it is in the deployment. */
export interface Deployment extends AsyncDisposable {
  readonly portcullis: Portcullis
  readonly folder: string
  readonly secrets: Readonly<Record<Tenant, Readonly<Record<Account, string>>>>
  readonly issuers: Readonly<Record<Tenant, Issuer>>
}

const byTenant = <T>(make: (tenant: Tenant) => T): Record<Tenant, T> =>
  Object.fromEntries(TENANTS.map((tenant) => [tenant, make(tenant)])) as Record<Tenant, T>
const byAccount = <T>(make: (account: Account) => T): Record<Account, T> =>
  Object.fromEntries(Object.keys(ACCOUNTS).map((account) => [account, make(account as Account)])) as Record<Account, T>

/** As an operator would once with `npx portcullis key` and `npx portcullis secret`, and then with a file. */
export async function openDeployment(url: string, self: Connector): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-desk-'))
  const key = join(folder, 'portcullis.key')
  createKeyFile(key)
  const pepper = pepperOf(keyFile(key))
  const issuers = byTenant((tenant) => createIssuer(`https://login.${tenant}.example`))
  const minted = byTenant(() => byAccount(() => mintShownSecret('demo')))
  const publics = byTenant((tenant): Public => ({
    issuer: issuers[tenant].issuer, jwks: issuers[tenant].jwks,
    credentials: byAccount((account) => ({ id: minted[tenant][account].keyId, secretHash: hashSecret(pepper, minted[tenant][account].secret) })),
  }))
  const portcullis = await createPortcullis({
    url, keys: keyFile(key), storage: sqliteStorage(join(folder, 'data')), checkpointSink: checkpointFile(join(folder, 'checkpoints.jsonl')),
    connectors: [self], dispatcher: inProcess(), world: world(publics),
  })
  return {
    portcullis, folder, issuers,
    secrets: byTenant((tenant) => byAccount((account) => minted[tenant][account].secret)),
    async [Symbol.asyncDispose]() {
      await portcullis.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
