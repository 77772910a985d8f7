import fc from 'fast-check'
import { ROLES, type World } from '@portcullis/core'
import type { TokenLiteral } from '../world/tokens.ts'
import { AGENT_CLIENT, credentialOf, CUSTOMERS } from './tenant.ts'
import { sometimes, weighted } from './weighted.ts'

type Draft = { -readonly [K in keyof TokenLiteral]: TokenLiteral[K] }

/** One thing wrong with a token. */
const FLAWS: readonly ((token: Draft) => void)[] = [
  (token) => { token.flaw = 'text' },
  (token) => { token.flaw = 'signature' },
  (token) => { token.flaw = 'type' },
  (token) => { token.flaw = 'audience' },
  (token) => { token.signer = 'stranger' },
  (token) => { token.signer = token.signer === 'north' ? 'south' : 'north' },
  (token) => { token.issuedAgo = token.lifetime },
  (token) => { token.issuedAgo = -120 },
  (token) => { token.lifetime = 1200 },
  (token) => { token.lifetime = 4000 },
  (token) => { token.subject = 'nobody' },
  (token) => { token.tenant = token.tenant === 'north' ? 'south' : 'north' },
  (token) => { token.actor = token.actor === undefined ? AGENT_CLIENT : 'another' },
  (token) => { if (token.epochs !== undefined) token.epochs = [token.epochs[0] + 1, token.epochs[1], token.epochs[2]] },
  (token) => { if (token.epochs !== undefined) token.epochs = [token.epochs[0], token.epochs[1], token.epochs[2] + 1] },
  (token) => { if (token.epochs !== undefined) token.epochs = [token.epochs[0], token.epochs[1] + 1, token.epochs[2]] },
  (token) => { if (token.credential !== undefined) token.credential = 'key0000000' },
]

/** A token of one account of a tenant as its rightful issuer would make it. */
export function soundToken(world: World, tenant: string, principal: string): TokenLiteral {
  const facts = world.tenants[tenant]
  const account = facts?.principals[principal]
  const times = { issuedAgo: 10, lifetime: 600 }
  if (account?.kind === 'service') {
    const epochs = [account.epoch ?? 0, account.credentials[0]?.epoch ?? 0, facts?.epoch ?? 0] as const
    return { signer: 'own', subject: principal, tenant, credential: credentialOf(tenant), epochs, ...times }
  }
  const signIn = { methods: ['pwd', 'otp'], signedInAgo: 60 }
  if (account?.kind === 'agent') return { signer: tenant, subject: account.human, actor: account.client, ...signIn, ...times }
  return { signer: tenant, subject: principal, ...signIn, ...times }
}

/** Tokens of all accounts: right ones, narrowed ones, with and without a fresh second factor, and wrong in one way. */
export const tokenArbitrary = (world: World): fc.Arbitrary<TokenLiteral | undefined> =>
  fc
    .record({
      tenant: weighted([4, 'north'], [1, 'south']), principal: weighted([4, 'ann'], [4, 'bob'], [2, 'cat'], [4, 'bot'], [3, 'ant']),
      flaw: sometimes(14, fc.constantFrom(...FLAWS)), customer: sometimes(12, fc.constantFrom(...CUSTOMERS, 'nobody', 'not an id')),
      scopes: sometimes(10, fc.constantFrom(['*'], ['category:desk'], ['tool:psa.list_tickets'], [])), roles: sometimes(8, fc.subarray([...ROLES])),
      signIn: weighted<Pick<TokenLiteral, 'methods' | 'signedInAgo'>>(
        [8, {}], [1, { signedInAgo: 901 }], [1, { signedInAgo: 900 }], [1, { methods: ['pwd'] }], [1, { methods: ['otp'] }], [1, { methods: ['mfa'] }],
      ),
      missing: fc.integer({ min: 0, max: 60 }),
    })
    .map(({ tenant, principal, flaw, customer, scopes, roles, signIn, missing }) => {
      if (missing === 0) return undefined
      const sound = soundToken(world, tenant, principal)
      const token: Draft = {
        ...sound, ...(sound.methods === undefined ? {} : signIn), ...(customer === undefined ? {} : { customer }), ...(scopes === undefined ? {} : { scopes }), ...(roles === undefined ? {} : { roles }),
      }
      flaw?.(token)
      // Nobody signs in after the token that says so was issued.
      if (token.signedInAgo !== undefined) token.signedInAgo = Math.max(token.signedInAgo, token.issuedAgo)
      return token
    })
