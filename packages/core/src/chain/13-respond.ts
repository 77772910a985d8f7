import { asked, type Ask } from '../connectors/round.ts'
import type { CustomerKey, Narrowed, Tool } from '../connectors/connector.ts'
import { plainCopy } from '../json/plain.ts'
import { echoes } from '../secrets/canary.ts'
import { secretStrings } from '../secrets/secret.ts'
import type { Prepared } from './08-arguments.ts'
import type { Answered } from './11-dispatch.ts'
import { deny, pass, type Deny, type Verdict } from './verdict.ts'

/** An answer is at most this large, before and after narrowing (bytes of JSON). */
const OUTPUT_LIMITS = { bytes: 4_194_304, depth: 64 } as const
const RELEASE_LIMIT = 1_048_576

/** Proof of gate 13: bytes that are the customer's and nobody else's. Made before gate 12 writes, released after. */
class AnswerNarrowed {
  readonly #text: string
  readonly dropped: number
  readonly keyless: number
  /** The server's own tool says that it did not succeed. Its words are its answer. */
  readonly failed: boolean

  readonly #ask: Ask | undefined
  readonly #prepared: Prepared

  constructor(prepared: Prepared, text: string, { dropped, keyless }: { readonly dropped: number; readonly keyless: number }, own: Readonly<Record<string, unknown>>) {
    this.#prepared = prepared
    this.#text = text
    this.#ask = asked(own)
    this.failed = own['isError'] === true
    this.dropped = dropped
    this.keyless = keyless
  }

  get prepared(): Prepared {
    return this.#prepared
  }

  /** The one serialisation: text and structured content are these bytes. */
  get text(): string {
    return this.#text
  }

  /** The answer is a question to the client. Only targets of the server's own connector ask. */
  get ask(): Ask | undefined {
    return this.#ask
  }
}
export type Releasable = AnswerNarrowed

/** Gate 13: snapshot, narrow, parse, serialise once, look for credentials. What took effect stays said when the answer is withheld. */
export function decideRespond(answered: Answered): Verdict<'respond', Releasable> {
  const { ready } = answered.approved.owned.prepared.permitted
  const { tool } = ready.known.named
  const effect = tool.risk === 'read' ? 'none' : 'done'
  const stop = (code: Deny<'respond'>['code'], more = {}): Deny<'respond'> => deny('respond', code, { effect, ...more })

  if (answered.word.missing) return stop('record_not_found', { effect: answered.word.effect })
  const copy = plainCopy(answered.word.value, OUTPUT_LIMITS)
  if (!copy.ok) return stop(copy.code === 'too_large' ? 'output_too_large' : 'output_invalid')
  const narrowed = narrow(tool, copy.value, ready.key)
  if (narrowed === undefined) return stop('output_invalid')
  if (!narrowed.ok) return narrowed.reason === 'foreign' ? stop('record_not_found') : stop('customer_leak_blocked', { security: true })
  const text = serialise(tool.output, narrowed.value)
  if (text === undefined) return stop('output_invalid')
  if (Buffer.byteLength(text) > RELEASE_LIMIT) return stop('output_too_large')
  if (echoes(text, secretStrings(answered.injected))) return stop('secret_echo', { security: true })
  const releasable = new AnswerNarrowed(answered.approved.owned.prepared, text, narrowed, tool.own === undefined ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>))
  // A call that asks gives its approval back for the next round. With one approval, a destructive tool would run as often as it asked.
  return releasable.ask !== undefined && tool.risk === 'destructive' ? stop('output_invalid') : pass(releasable)
}

/** For the whole tenant nothing is taken away. A narrower that throws withholds the answer. */
function narrow(tool: Tool, value: unknown, key: CustomerKey | undefined): Narrowed | undefined {
  if (key === undefined) return { ok: true, value, dropped: 0, keyless: 0 }
  try {
    return tool.narrow(value, key)
  } catch {
    return undefined
  }
}

/** Output schemas are the connector author's code: one that throws or refuses withholds the answer. */
function serialise(schema: Tool['output'], value: unknown): string | undefined {
  try {
    const parsed = schema.safeParse(value)
    if (!parsed.success) return undefined
    const plain = plainCopy(parsed.data, OUTPUT_LIMITS)
    return plain.ok ? JSON.stringify(plain.value) : undefined
  } catch {
    return undefined
  }
}
