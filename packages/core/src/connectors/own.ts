import type { JsonSchema } from './connector.ts'

/** What a server may offer. All but tools are targets of risk `read`, judged by the same chain and listed by the same rule (CH-16). */
export const TARGET_KINDS = ['tool', 'resource', 'template', 'prompt', 'completion', 'subscription', 'task'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

/** Stands for every name of a kind that has no target of its own, where the server's author chose so. Never for tools: each has its own risk. */
export const ANY_NAME = '*'

/** What makes a tool a target of the server's own connector: it answers with MCP results as they are, and runs in this process. */
export interface OwnTarget {
  readonly kind: TargetKind
  /** How it is listed, as MCP writes it. */
  readonly definition: JsonSchema
  /** Templates: whether a URI is one of theirs. */
  readonly matches?: (uri: string) => boolean
}

/** Names of one kind never meet names of another: a tool's is bare, `prompt:greet` is a prompt's. */
export const targetName = (kind: TargetKind, name: string): string => (kind === 'tool' ? name : `${kind}:${name}`)
