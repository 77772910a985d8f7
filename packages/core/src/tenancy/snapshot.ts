import type { Connector, CustomerKey, Tool } from '../connectors/connector.ts'
import type { InstanceState } from '../connectors/state.ts'

export type SubscriptionStatus = 'active' | 'read_only' | 'suspended'

export interface Limits {
  /** Included calls per billing period (UTC calendar month). */
  readonly included: number
  /** Whether calls beyond the included ones go on. */
  readonly overage: boolean
  /** Calls per minute; bursts up to the same number. */
  readonly tenantPerMinute: number
  readonly principalPerMinute: number
}

/** One tenant's configured connector. */
export interface Instance {
  readonly id: string
  /** The first part of a tool's name; empty for the server's own connector, whose tools keep bare names. */
  readonly alias: string
  readonly connector: Connector
  /** Bound to one customer; absent = shared. */
  readonly customer?: string | undefined
  readonly state: InstanceState
  /** The check behind `state.health`; absent = the state is not checked on a schedule and holds until it is changed. */
  readonly check?: { readonly at: number; readonly everyMs: number; readonly configuration: number } | undefined
  /** Bumped by every change of settings or credential. */
  readonly configuration: number
  readonly settings: unknown
  /** Which vendor record key stands for which customer (IS-08). */
  readonly mapping: ReadonlyMap<string, CustomerKey>
  /** Accepted definitions: tool name -> hash. A tool that is absent was accepted as it is. */
  readonly pins: ReadonlyMap<string, string>
}

/** A tool under the name by which this tenant calls it. */
export interface NamedTool {
  readonly name: string
  readonly tool: Tool
  readonly instance: Instance
}

/** What the chain needs from gate 4 on: one immutable value, of the same version as the directory record. */
export interface Snapshot {
  readonly version: number
  /** When this was known to be the newest (ms). */
  readonly asOf: number
  /** The oldest policy version that may decide on this tenant. */
  readonly minimumPolicy: number
  readonly subscription: SubscriptionStatus
  /** By connector id; absent = not entitled. */
  readonly entitlements: ReadonlyMap<string, 'not_entitled' | 'entitled' | 'suspended'>
  /** In the order of their ids. */
  readonly instances: readonly Instance[]
  /** Every tool, by the name it is called by: several when aliases of customers' own instances coincide. */
  readonly tools: ReadonlyMap<string, readonly NamedTool[]>
  readonly limits: Limits
}

/** The policy version of this build: raised when a gate comes to mean something else. */
export const POLICY_VERSION = 1
