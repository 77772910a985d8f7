import type { z } from 'zod'
import type { Note } from './note.ts'
import type { OwnTarget } from './own.ts'
import type { AskKind, Round } from './round.ts'
import type { Vendor } from './vendor.ts'

/** What a tool may do to the vendor. Mandatory, without a default. */
export type Risk = 'read' | 'write' | 'destructive'
/** Which requests a tool serves: of one customer, of the tenant, or both. */
export type ToolScope = 'customer' | 'either' | 'tenant'
/** The vendor's key of a customer, or the vendor's id of a record. Compared by type and value: 1 is not '1'. */
export type CustomerKey = string | number
/** A JSON Schema (2020-12), as it is advertised. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** Marked inputs written, or the path of the marked field that the caller supplied or that cannot be written. */
export type Filled = { ok: true; value: unknown } | { ok: false; field: string }
/** What is left of an answer for one customer, with how many records were taken away; or why nothing may be released. */
export type Narrowed = { ok: true; value: unknown; dropped: number; keyless: number } | { ok: false; reason: 'foreign' | 'keyless' }

/** The reach of a running call as tool code sees it. `customer` is present exactly when the request is scoped to a customer. */
export interface ToolRun {
  readonly input: unknown
  readonly customer: { readonly id: string; readonly key: CustomerKey } | undefined
  readonly vendor: Vendor
  readonly signal: AbortSignal
  readonly callId: string
  /** Says something before the answer: numbers of progress get through, text only where nothing has to be narrowed. */
  readonly tell?: ((note: Note) => void) | undefined
  /** Targets of the server's own connector: what the client answered in this round, and what it says it can be asked. */
  readonly round?: Round | undefined
  readonly askable?: readonly AskKind[] | undefined
}

/** A tool with its types erased: what the chain works with. */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly risk: Risk
  readonly scope: ToolScope
  readonly sensitive: boolean
  readonly input: z.ZodType
  readonly output: z.ZodType
  /** Built once, at definition. Marked inputs are not in it. */
  readonly advertised: { readonly input: JsonSchema; readonly output: JsonSchema }
  /** SHA-256 hex over canonical JSON of name, title, description, risk, scope, sensitive and advertised. */
  readonly hash: string
  /** Top-level argument fields recorded in clear in the audit; all others are recorded as digests. */
  readonly clear: readonly string[]
  readonly run: (call: ToolRun) => Promise<unknown>
  /** Plain arguments in, marked inputs written. Refuses when the caller supplied one of them. */
  readonly fill: (args: unknown, key: CustomerKey | undefined) => Filled
  /** The records that a parsed input names through `tool.idOf`. */
  readonly recordsNamed: (input: unknown) => readonly { record: string; id: CustomerKey }[]
  /** Plain JSON answers only: give it the value of `plainCopy`, before any parse. */
  readonly narrow: (answer: unknown, key: CustomerKey) => Narrowed
  /** Present exactly on targets of the server's own connector. Internal. */
  readonly own?: OwnTarget
}

/** Something a customer can own at the vendor. `owner` is asked before a write; undefined = nobody, or no such record. */
export interface RecordType {
  readonly id: z.ZodType
  readonly owner: (call: { id: CustomerKey; vendor: Vendor; signal: AbortSignal }) => Promise<CustomerKey | undefined>
}

/** How the broker authorizes to a vendor. Plain data, so that `settings` and `credential` are inferred from the siblings. */
export type AuthorizeWith<Settings, Credential> =
  | {
      readonly type: 'oauth2_client_credentials'
      readonly tokenUrl: (settings: Settings) => string
      readonly scope?: string | undefined
      /** Default: `credential.clientId` and `credential.clientSecret`. */
      readonly client?: ((credential: Credential) => { clientId: string; clientSecret: string }) | undefined
    }
  | {
      readonly type: 'api_key'
      readonly header: string
      /** Default: `credential.apiKey`. */
      readonly value?: ((credential: Credential) => string) | undefined
      readonly prefix?: string | undefined
    }

/** `AuthorizeWith` erased: settings and credential were parsed by the connector's own schemas before they get here. */
export type Authorize = AuthorizeWith<unknown, unknown>

/** A connector with its types erased, as `defineConnector` returns it. */
export interface Connector {
  readonly id: string
  readonly title: string
  readonly category: string
  readonly settings: z.ZodType
  readonly credential: z.ZodType
  readonly customer: z.ZodType
  readonly authorize: Authorize
  /** Default: `settings.baseUrl`. */
  readonly baseUrl: (settings: unknown) => string
  readonly hosts: (settings: unknown) => readonly string[]
  readonly probe?: (call: { vendor: Vendor; signal: AbortSignal }) => Promise<'healthy' | 'degraded' | 'broken'>
  readonly records: Readonly<Record<string, RecordType>>
  readonly tools: ReadonlyMap<string, Tool>
  /** Tools that the server has and this leaves out on purpose: no target, so unknown to everybody. The server's own connector alone has any. */
  readonly withheld?: readonly string[]
}
