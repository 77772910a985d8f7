import { existing, gateway, guarded, open, plain, type Line, type Serve } from './served.ts'

/** Where the guarded server says something else than the bare one, and means to. */
export interface Difference {
  readonly says: string
  readonly why: string
}

export interface Leg {
  readonly subject: 'gateway' | 'existing' | 'protect'
  readonly line: Line
  readonly revision: string
  readonly guarded: Serve
  readonly bare: Serve
  readonly differs: ReadonlyMap<string, Difference>
}

const ERAS = [
  { line: 'v2', revision: '2026-07-28' },
  { line: 'v2', revision: '2025-11-25' },
  { line: 'v1', revision: '2025-11-25' },
] as const

/** On either line and in either revision, what is not a difference of ours is what the SDK's own server says. */
const OF_GUARDS: Readonly<Record<string, Readonly<Record<string, Difference>>>> = {
  'v1 2025-11-25': { 'server-sse-polling': { says: '0 passed, 0 failed', why: 'a tool that is not there is an error of the protocol, as on the other line' } },
  'v2 2026-07-28': { 'sep-2164-resource-not-found': { says: '3 passed, 0 failed', why: 'no refusal repeats the URI that was sent, although it should' } },
}
const OF_PROTECT: Readonly<Record<string, Readonly<Record<string, Difference>>>> = {
  'v2 2026-07-28': { 'server-stateless': { says: '25 passed, 3 failed', why: 'hosted by the SDK, streams of changes know no tenant and are refused, and a refusal has no status 404: mcpHost has both' } },
}

/** Our own host against itself without a gate, and an existing server in our host, and protected where it is, against itself alone. */
export const LEGS: readonly Leg[] = ERAS.flatMap(({ line, revision }) => {
  const era = `${line} ${revision}`
  const differences = (...tables: readonly (typeof OF_GUARDS)[]) => new Map(tables.flatMap((table) => Object.entries(table[era] ?? {})))
  return [
    { subject: 'gateway', line, revision, guarded: gateway, bare: open, differs: new Map<string, Difference>() },
    { subject: 'existing', line, revision, guarded: existing, bare: plain, differs: differences(OF_GUARDS) },
    { subject: 'protect', line, revision, guarded, bare: plain, differs: differences(OF_GUARDS, OF_PROTECT) },
  ] satisfies Leg[]
})
