import { writeFile } from 'node:fs/promises'
import { keyFile } from '@portcullis/core'
import { createKeyFile, hashSecret, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import { createIssuer, type Issuer } from '../issuer.ts'
import { MSPS, type Msp } from '../vendors/world.ts'
import { SERVICE_ACCOUNTS, type ServiceAccount, type Site, type SiteOfMsp } from '../world.ts'

/** What the people and accounts of one MSP hold. The gateway gets only the public halves. */
export interface Holdings {
  readonly issuer: Issuer
  readonly secrets: Readonly<Record<ServiceAccount, string>>
}

/** Writes the key file and `site.json`, as an operator would once with `npx portcullis key` and `npx portcullis secret`. */
export async function setUp(paths: { readonly key: string; readonly site: string }, vendors: { readonly halo: string; readonly hudu: string }): Promise<Record<Msp, Holdings>> {
  createKeyFile(paths.key)
  const pepper = pepperOf(keyFile(paths.key))
  const holdings = {} as Record<Msp, Holdings>
  const msps = {} as Record<Msp, SiteOfMsp>
  for (const msp of MSPS) {
    const issuer = await createIssuer(`https://login.${msp}.example`)
    const minted = Object.keys(SERVICE_ACCOUNTS).map((account) => ({ account, ...mintShownSecret('demo') }))
    const secrets = Object.fromEntries(minted.map(({ account, secret }) => [account, secret])) as Record<ServiceAccount, string>
    const credentials = Object.fromEntries(minted.map(({ account, keyId, secret }) => [account, { id: keyId, secretHash: hashSecret(pepper, secret) }]))
    holdings[msp] = { issuer, secrets }
    msps[msp] = { issuer: issuer.issuer, jwks: issuer.jwks, credentials: credentials as SiteOfMsp['credentials'] }
  }
  const site: Site = { ...vendors, msps }
  await writeFile(paths.site, JSON.stringify(site))
  return holdings
}
