import type { z } from 'zod'
import type { CustomerKey, Risk, ToolScope } from './connector.ts'
import type { Note } from './note.ts'
import type { Vendor } from './vendor.ts'

/** The customer of a call: our id, and the vendor's key for it. */
export interface Customer<Key extends CustomerKey> {
  readonly id: string
  readonly key: Key
}

/** What a tool of this scope knows about the customer. */
export type CustomerOf<Scope extends ToolScope, Key extends CustomerKey> = {
  customer: Customer<Key>
  either: Customer<Key> | undefined
  tenant: undefined
}[Scope]

/** What `run` gets. `signal` aborts at the deadline or when the caller goes away; `callId` is the vendor's idempotency key. */
export interface ToolContext<Input, Scope extends ToolScope, Key extends CustomerKey> {
  readonly input: Input
  readonly customer: CustomerOf<Scope, Key>
  readonly vendor: Vendor
  readonly signal: AbortSignal
  readonly callId: string
  /** Tells the client how far the call is. Of notes for a customer only the numbers of progress get through. */
  readonly tell: (note: Note) => void
}

/** A tool as its author writes it. `risk` has no default; `scope` is `customer` unless it says otherwise. */
export interface ToolSpec<Input extends z.ZodObject, Output extends z.ZodObject, Scope extends ToolScope, Key extends CustomerKey> {
  readonly title: string
  readonly description: string
  readonly risk: Risk
  readonly scope?: Scope | undefined
  /** Asks for MFA not older than 15 minutes. Off by default. */
  readonly sensitive?: boolean | undefined
  /** Arguments that the audit records in clear; all others as digests. */
  readonly clear?: readonly (keyof z.output<Input> & string)[] | undefined
  readonly input: Input
  readonly output: Output
  /** Returns data, as the output schema takes it. */
  readonly run: (call: ToolContext<z.output<Input>, Scope, Key>) => Promise<z.input<Output>>
}

/** A tool with its types erased, before it is checked. */
export interface ErasedSpec {
  readonly title: string
  readonly description: string
  readonly risk: Risk
  readonly scope?: ToolScope | undefined
  readonly sensitive?: boolean | undefined
  readonly clear?: readonly string[] | undefined
  readonly input: z.ZodObject
  readonly output: z.ZodObject
  readonly run: (call: never) => Promise<unknown>
}

/** What `tool({ … })` returns. Only the connector whose `tool` made it takes it. */
export class ToolDraft {
  readonly #spec: ErasedSpec

  constructor(spec: ErasedSpec) {
    this.#spec = spec
  }

  /** The specification of a draft; undefined for anything else. */
  static read(draft: unknown): ErasedSpec | undefined {
    return typeof draft === 'object' && draft !== null && #spec in draft ? draft.#spec : undefined
  }
}

/** The maker of tools that `tools: (tool) => ({ … })` gets. */
export interface ToolMaker<Key extends CustomerKey, Ids extends Readonly<Record<string, z.ZodType>>> {
  <Input extends z.ZodObject, Output extends z.ZodObject, Scope extends ToolScope = 'customer'>(spec: ToolSpec<Input, Output, Scope, Key>): ToolDraft
  /** The id of a record that the input names: its owner is asked before a write or destructive tool runs. */
  idOf<Name extends keyof Ids & string>(record: Name): Ids[Name]
}
