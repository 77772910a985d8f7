import { digestOf } from '../approvals/digest.ts'
import type { CustomerKey, Tool } from '../connectors/connector.ts'
import { inputIssues } from '../connectors/input-issues.ts'
import { isIdempotencyKey } from '../idempotency-key.ts'
import { requesterOf } from '../identity/requester.ts'
import { canonicalJson } from '../json/canonical.ts'
import { roundBinding, type Resumed, type SealedRound } from '../secrets/sealed-round.ts'
import { plainCopy } from '../json/plain.ts'
import { reachKey } from '../tenancy/reach.ts'
import { POLICY_VERSION } from '../tenancy/snapshot.ts'
import type { Permitted } from './08-policy.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Before any schema runs: regular expressions and unions are only ever shown this much (bytes of JSON). */
const INPUT_LIMITS = { bytes: 262_144, depth: 32 } as const
/** What a voter is shown is everything: a destructive call's arguments are no longer than this (bytes of JSON), nor is what the caller sent, which is kept beside them. */
const SHOWN_LIMIT = 16_384
/** Records whose owner one call may have asked for. */
const CLAIM_LIMIT = 50
/** Persons who must approve a destructive call. */
export const QUORUM = 1

/** What came beside the arguments. */
interface Beside {
  readonly resumed?: Resumed
  /** Of any shape, from outside. */
  readonly idempotencyKey?: unknown
}

/** The arguments as they will be digested, approved and dispatched: parsed once, plain, frozen. */
class InputFrozen {
  readonly #permitted: Permitted
  readonly #input: unknown
  readonly #text: string
  readonly #sent: unknown
  readonly #round: SealedRound | undefined
  readonly #idempotencyKey: string | undefined

  constructor(permitted: Permitted, input: unknown, text: string, sent: unknown, round: SealedRound | undefined, idempotencyKey: string | undefined) {
    this.#permitted = permitted
    this.#input = input
    this.#text = text
    this.#sent = sent
    this.#round = round
    this.#idempotencyKey = idempotencyKey
  }

  get permitted(): Permitted {
    return this.#permitted
  }

  get input(): unknown {
    return this.#input
  }

  /** Canonical JSON of the input. */
  get text(): string {
    return this.#text
  }

  /** The plain copy of what the caller sent. */
  get sent(): unknown {
    return this.#sent
  }

  /** The earlier round that this one goes on from. */
  get round(): SealedRound | undefined {
    return this.#round
  }

  /** Of a write whose caller wants it to happen once. */
  get idempotencyKey(): string | undefined {
    return this.#idempotencyKey
  }

  /** What the state of a later round is bound to. */
  binding(): string {
    return bindingOf(this.#permitted, this.#text)
  }

  /** Records of which it must be proven that they are the customer's, before anything takes effect. */
  get claimed(): readonly { readonly record: string; readonly id: CustomerKey }[] {
    const { known, key } = this.#permitted.ready
    const { tool } = known.named
    return tool.risk === 'read' || key === undefined ? [] : tool.recordsNamed(this.#input)
  }
}
export type Prepared = InputFrozen

/** Proof of gate 8, whole: permitted, with valid arguments, and every record they name is the customer's. */
class OwnershipProven {
  readonly #prepared: Prepared

  constructor(prepared: Prepared) {
    this.#prepared = prepared
  }

  get prepared(): Prepared {
    return this.#prepared
  }

  /** What an approval of this call is bound to. */
  digest(): string {
    const { known, key = null } = this.#prepared.permitted.ready
    const { base, named } = known
    const { place, reach } = base.scope
    return digestOf({
      tenant: place.tenant, customer: reach.kind === 'customer' ? reach.customer : null, key, instance: named.instance.id, configuration: named.instance.configuration,
      tool: named.name, definition: named.tool.hash, arguments: this.#prepared.input, requester: requesterOf(place.who.principal), policy: POLICY_VERSION, quorum: QUORUM,
    })
  }
}
export type Owned = OwnershipProven

/** Gate 8, arguments: marked fields are filled in and never accepted; then the schema runs once, and what it made is frozen. */
export function decideArguments(permitted: Permitted, raw: unknown, { resumed = 'none', idempotencyKey }: Beside = {}): Verdict<'policy', Prepared> {
  const { known, key } = permitted.ready
  const { tool } = known.named
  if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) return deny('policy', 'input_invalid', { detail: 'an idempotency key is 1 to 255 visible ASCII characters' })
  const once = tool.risk === 'read' ? undefined : idempotencyKey
  const copy = plainCopy(raw ?? {}, INPUT_LIMITS)
  if (!copy.ok) return deny('policy', 'input_invalid', { detail: copy.code })
  const filled = tool.fill(copy.value, key)
  if (!filled.ok) return deny('policy', 'input_invalid', { detail: `${filled.field} is not an argument` })
  const parsed = parse(tool.input, filled.value)
  if (!parsed.ok) return deny('policy', 'input_invalid', { detail: parsed.detail })
  if (tool.risk === 'destructive') {
    const sent = canonical(copy.value)
    if (sent === undefined) return deny('policy', 'input_invalid', { detail: 'text is not well-formed' })
    if (Buffer.byteLength(parsed.text) > SHOWN_LIMIT || Buffer.byteLength(sent) > SHOWN_LIMIT) return deny('policy', 'input_invalid', { detail: 'more than 16 KiB cannot be shown to a voter' })
  }
  if (tool.risk === 'destructive' || once !== undefined) {
    // A default that is drawn anew each time would give every repetition another digest.
    const again = parse(tool.input, filled.value)
    if (!again.ok || again.text !== parsed.text) return deny('policy', 'input_invalid', { detail: 'the input schema is not deterministic' })
  }
  if (resumed !== 'none' && !holds(resumed, permitted, parsed.text)) return deny('policy', 'input_invalid', { detail: 'the request state does not hold for this call' })
  const prepared = new InputFrozen(permitted, parsed.value, parsed.text, copy.value, resumed === 'none' ? undefined : resumed, once)
  return prepared.claimed.length > CLAIM_LIMIT ? deny('policy', 'input_invalid', { detail: 'too many records in one call' }) : pass(prepared)
}

/** Gate 8, ownership: `owners` in the order of `claimed`. Foreign and invented records give the same refusal. */
export function decideOwnership(prepared: Prepared, owners: readonly (CustomerKey | undefined)[]): Verdict<'policy', Owned> {
  const { key } = prepared.permitted.ready
  const { claimed } = prepared
  const proven = owners.length === claimed.length && owners.every((owner) => owner !== undefined && owner === key)
  return proven ? pass(new OwnershipProven(prepared)) : deny('policy', 'customer_out_of_scope', { security: true })
}

/** One caller, one reach, one target as it is defined now, one set of arguments. */
function bindingOf({ ready }: Permitted, text: string): string {
  const { base, named } = ready.known
  const { place, reach } = base.scope
  return roundBinding({ tenant: place.tenant, principal: place.who.principal.id, reach: reachKey(reach), instance: named.instance.id, target: named.name, definition: named.tool.hash, arguments: text })
}

/** Stolen, altered, late and misused states are one refusal. */
const holds = (resumed: Exclude<Resumed, 'none'>, permitted: Permitted, text: string): resumed is SealedRound =>
  resumed !== 'broken' && permitted.ready.known.base.now < resumed.expiresAt && resumed.binding === bindingOf(permitted, text)

type Parsed = { readonly ok: true; readonly value: unknown; readonly text: string } | { readonly ok: false; readonly detail: string }

/** Schemas are the connector author's code: one that throws, or makes something that is not plain JSON, refuses the call. */
function parse(schema: Tool['input'], value: unknown): Parsed {
  try {
    const parsed = schema.safeParse(value)
    if (!parsed.success) return { ok: false, detail: inputIssues(parsed.error, schema) }
    const plain = plainCopy(parsed.data, INPUT_LIMITS)
    if (!plain.ok) return { ok: false, detail: 'the input schema makes values that are not plain JSON' }
    const text = canonical(plain.value)
    return text === undefined ? { ok: false, detail: 'text is not well-formed' } : { ok: true, value: plain.value, text }
  } catch {
    return { ok: false, detail: 'the input schema failed' }
  }
}

/** Undefined for half a character (a lone surrogate), the one thing in plain JSON that has no canonical form. */
function canonical(value: unknown): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}
