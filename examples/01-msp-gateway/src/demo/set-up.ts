import { readFile, writeFile } from 'node:fs/promises'
import { keyFile } from '@portcullis/core'
import { createKeyFile, hashSecret, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import { createIssuer, type Issuer } from '../issuer.ts'
import { MSPS, type Msp } from '../vendors/world.ts'
import { SERVICE_ACCOUNTS, type Plan, type ServiceAccount, type Site, type SiteOfMsp } from '../world.ts'

/** What the people and accounts of one MSP hold. The gateway gets only the public halves. */
export interface Holdings {
  readonly issuer: Issuer
  readonly secrets: Readonly<Record<ServiceAccount, string>>
}

/** What an MSP on trial has: five calls a month, and not one more. */
const TRIAL: Plan = { limits: { included: 5, overage: false } }

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
    msps[msp] = { issuer: issuer.issuer, jwks: issuer.jwks, credentials: credentials as SiteOfMsp['credentials'], ...(msp === 'eastgate' ? { plan: TRIAL } : {}) }
  }
  const site: Site = { ...vendors, msps }
  await writeFile(paths.site, JSON.stringify(site))
  return holdings
}

/** A gateway reads its world when it starts: the change counts from its next start on. */
export async function changePlan(file: string, msp: Msp, plan: Plan): Promise<void> {
  const site = JSON.parse(await readFile(file, 'utf8')) as Site
  await writeFile(file, JSON.stringify({ ...site, msps: { ...site.msps, [msp]: { ...site.msps[msp], plan } } } satisfies Site))
}
