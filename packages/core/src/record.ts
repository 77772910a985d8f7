import { createHmac, type KeyObject } from 'node:crypto'
import type { Authenticated } from './chain/01-authenticate.ts'
import type { Known } from './chain/04-snapshot.ts'
import type { Owned } from './chain/08-arguments.ts'
import { canonicalJson } from './json/canonical.ts'
import { POLICY_VERSION } from './tenancy/snapshot.ts'
import type { AccessClaims } from './identity/claims.ts'
import type { Reach } from './tenancy/reach.ts'

/** How far the chain got with a request: all that is known of it. */
export interface Subject {
  /** Of a token that verified, whatever gate 1 makes of it. */
  readonly claims?: AccessClaims
  readonly who?: Authenticated
  readonly reach?: Reach
  readonly known?: Known
}

/** A record's text without its last brace: the store adds place, time and what it decided. */
export function recordBody(kind: string, fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify({ v: 1, kind, ...fields })
  return (text.includes('\\ud') ? JSON.stringify({ v: 1, kind, ...fields }, wellFormed) : text).slice(0, -1)
}

/** Half a character (a lone surrogate) would make a record that strict readers refuse. */
const wellFormed = (_: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value)

/** Who, for whom and with what: the part that all records of requests share. Nothing that a caller could make long. */
export function describe({ claims: verified, who, reach, known }: Subject): Readonly<Record<string, unknown>> {
  if (who === undefined) return verified === undefined ? {} : describeToken(verified)
  const { principal, claims, directory } = who
  return {
    tenant: claims.tenant,
    principal: principal.id,
    actors: principal.agent === undefined ? [principal.id] : [principal.agent.human, principal.agent.client],
    principalKind: principal.kind,
    credential: claims.credential ?? null,
    session: claims.session ?? null,
    token: claims.id,
    customer: reach === undefined ? null : reach.kind === 'customer' ? reach.customer : '*',
    tool: known?.named.name ?? null,
    instance: known?.named.instance.id ?? null,
    configuration: known?.named.instance.configuration ?? null,
    versions: { facts: directory.version, policy: POLICY_VERSION },
  }
}

/** Gate 1 refused a token that verified: what it says of itself is all there is to say. */
const describeToken = ({ tenant, subject, actor, credential, session, id }: AccessClaims): Readonly<Record<string, unknown>> => ({
  tenant, principal: subject, actors: actor === undefined ? [subject] : [subject, actor], principalKind: null, credential: credential ?? null, session: session ?? null, token: id,
})

/** Argument fields that the tool declares clear as they are, all others as keyed digests: equal values can be found, none can be read. */
export function describeArguments(owned: Owned, key: KeyObject): Readonly<Record<string, unknown>> {
  const { prepared } = owned
  const { tool } = prepared.permitted.ready.known.named
  const input = prepared.input as Readonly<Record<string, unknown>>
  const clear: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const digests: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [field, value] of Object.entries(input)) {
    if (tool.clear.includes(field)) clear[field] = value
    else digests[field] = createHmac('sha256', key).update(JSON.stringify(field)).update(canonicalJson(value)).digest('base64url').slice(0, 22)
  }
  return { arguments: { clear, digests } }
}
