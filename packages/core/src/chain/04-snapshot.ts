import { ANY_NAME, targetName, type TargetKind } from '../connectors/own.ts'
import { mayKnow } from '../roles/role.ts'
import { isFresh } from '../tenancy/freshness.ts'
import { POLICY_VERSION, type NamedTool, type Snapshot } from '../tenancy/snapshot.ts'
import type { InReach } from './03-customer.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 4: one immutable snapshot of the same version as the directory record, fresh enough to decide on. */
class SnapshotTaken {
  readonly #scope: InReach
  readonly #snapshot: Snapshot

  constructor(scope: InReach, snapshot: Snapshot) {
    this.#scope = scope
    this.#snapshot = snapshot
  }

  get scope(): InReach {
    return this.#scope
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get now(): number {
    return this.#scope.place.who.now
  }
}
export type Snapshotted = SnapshotTaken

/** Proof that the caller may know the tool of this name. */
class ToolNamed {
  readonly #base: Snapshotted
  readonly #named: NamedTool

  constructor(base: Snapshotted, named: NamedTool) {
    this.#base = base
    this.#named = named
  }

  get base(): Snapshotted {
    return this.#base
  }

  get named(): NamedTool {
    return this.#named
  }
}
export type Known = ToolNamed

/** What became of reading the snapshot: the value, or why there is none. */
export type SnapshotFacts = Snapshot | 'isolation_unavailable' | 'snapshot_unavailable'

/** Gate 4, first half: judges the request, whatever the tool. */
export function decideSnapshot(scope: InReach, facts: SnapshotFacts): Verdict<'snapshot', Snapshotted> {
  const { directory, now } = scope.place.who
  if (typeof facts === 'string') return deny('snapshot', facts)
  if (facts.version !== directory.version) return deny('snapshot', 'snapshot_unavailable')
  if (!isFresh(facts.asOf, now)) return deny('snapshot', 'snapshot_stale')
  if (facts.minimumPolicy > POLICY_VERSION) return deny('snapshot', 'policy_outdated')
  return pass(new SnapshotTaken(scope, facts))
}

/** Gate 4, second half: the name. A tool that the caller may not know answers like one that does not exist. */
export function resolveTool(base: Snapshotted, name: string, kind: TargetKind = 'tool'): Verdict<'snapshot', Known> {
  if (!mayKnow(base.scope.roles)) return deny('snapshot', 'tool_unknown')
  const named = candidatesFor(base, name, kind)
  return named === undefined ? deny('snapshot', 'tool_unknown') : pass(new ToolNamed(base, named))
}

/** Its own name first; for a URI then the templates; and at last the target that stands for every name. */
function candidatesFor(base: Snapshotted, name: string, kind: TargetKind): NamedTool | undefined {
  const called = (as: string, of = kind): NamedTool | undefined => toolFor(base, base.snapshot.tools.get(targetName(of, as)) ?? [], of)
  const exact = called(name) ?? (kind === 'resource' ? toolFor(base, templatesOf(base, name), 'template') : undefined)
  if (exact !== undefined || kind === 'tool' || kind === 'task') return exact
  return called(ANY_NAME) ?? (kind === 'resource' ? called(ANY_NAME, 'template') : undefined)
}

/** Every tool (or other target) that the caller may know, one a name, in the order of their names. */
export function knownTools(base: Snapshotted, kind: TargetKind = 'tool'): readonly Known[] {
  if (!mayKnow(base.scope.roles)) return []
  const known: Known[] = []
  for (const candidates of base.snapshot.tools.values()) {
    const named = toolFor(base, candidates, kind)
    if (named !== undefined) known.push(new ToolNamed(base, named))
  }
  return known
}

/** The first template, in the order of their names, that makes this URI. */
const templatesOf = ({ snapshot }: Snapshotted, uri: string): readonly NamedTool[] =>
  Array.from(snapshot.tools.values()).find(([first]) => first?.tool.own?.matches?.(uri) === true) ?? []

/** Names are resolved by (alias, reach): shared or the customer's own; for the whole tenant a shared one first. */
function toolFor(base: Snapshotted, candidates: readonly NamedTool[], kind: TargetKind): NamedTool | undefined {
  const { reach } = base.scope
  const shared = candidates.find((named) => named.instance.customer === undefined && isOf(kind, named))
  if (shared !== undefined) return shared
  return candidates.find((named) => (reach.kind === 'tenant' || named.instance.customer === reach.customer) && isOf(kind, named))
}

const isOf = (kind: TargetKind, { tool }: NamedTool): boolean => (tool.own?.kind ?? 'tool') === kind
