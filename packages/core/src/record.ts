import { createHmac, type KeyObject } from 'node:crypto'
import type { Authenticated } from './chain/01-authenticate.ts'
import type { Known } from './chain/04-snapshot.ts'
import type { Owned } from './chain/08-arguments.ts'
import { canonicalJson } from './json/canonical.ts'
import { POLICY_VERSION } from './tenancy/snapshot.ts'
import type { AccessClaims } from './identity/claims.ts'
import type { Reach } from './tenancy/reach.ts'

/** Who a request says it is from, proven: by a token that verified, whatever gate 1 makes of it, or by the secret of a credential. */
export type Claimant = Pick<AccessClaims, 'tenant' | 'subject' | 'actor' | 'credential' | 'session'> & Partial<Pick<AccessClaims, 'id' | 'issuer'>>

/** How far the chain got with a request: all that is known of it. */
export interface Subject {
  readonly claims?: Claimant
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
  if (who === undefined) return verified === undefined ? {} : describeClaimant(verified)
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

/** Whose limits and windows are used up: a principal's, or those of a name that an issuer gave and that no principal shares. */
export const nameOf = ({ issuer, subject }: Claimant, who: Authenticated | undefined): string => who?.principal.id ?? JSON.stringify(['claimed', issuer ?? null, subject])

/** Refused at gate 1 or before there was a token: what it says of itself is all there is to say. */
const describeClaimant = ({ issuer, tenant, subject, actor, credential, session, id }: Claimant): Readonly<Record<string, unknown>> => ({
  // What an issuer calls somebody is no principal of ours, however alike the names are.
  tenant, ...(issuer === undefined ? { principal: subject } : { principal: null, issuer, subject }), actors: actor === undefined ? [subject] : [subject, actor],
  principalKind: null, credential: credential ?? null, session: session ?? null, token: id ?? null,
})

/** A record must stay far below the longest line of an export, whatever a caller sends to a tool that takes any field. */
const MOST_DIGESTS = 64
const LONGEST_FIELD = 128
/** Bytes of JSON. */
const MOST_CLEAR = 16_384

/**
 * Argument fields that the tool declares clear as they are, up to 16 KiB, all others as keyed digests: equal values can be found, none
 * can be read. Fields beyond the 64th digest, and those with names over 128 characters, are one digest together, `rest`.
 */
export function describeArguments(owned: Owned, key: KeyObject): Readonly<Record<string, unknown>> {
  const { prepared } = owned
  const { tool } = prepared.permitted.ready.known.named
  const input = prepared.input as Readonly<Record<string, unknown>>
  const clear: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const digests: Record<string, string> = Object.create(null) as Record<string, string>
  const rest: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  let room = MOST_CLEAR
  let left = MOST_DIGESTS
  for (const [field, value] of Object.entries(input)) {
    const size = tool.clear.includes(field) ? Buffer.byteLength(JSON.stringify([field, value])) : Infinity
    if (size <= room) {
      clear[field] = value
      room -= size
    } else if (field.length <= LONGEST_FIELD && left > 0) {
      digests[field] = digest(key, JSON.stringify(field) + canonicalJson(value))
      left -= 1
    } else rest[field] = value
  }
  const fields = Object.keys(rest).length
  return { arguments: { clear, digests, ...(fields > 0 && { rest: { fields, digest: digest(key, canonicalJson(rest)) } }) } }
}

/** What a client answered to a question of the call: never in clear, since a person typed it. */
export const describeAnswers = (responses: unknown, key: KeyObject): Readonly<Record<string, unknown>> =>
  responses === undefined ? {} : { answers: digest(key, JSON.stringify(responses) ?? '') }

const digest = (key: KeyObject, text: string): string => createHmac('sha256', key).update(text).digest('base64url').slice(0, 22)
