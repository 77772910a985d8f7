import type { Call } from './call.ts'
import { enter } from './enforce.ts'
import { imagine, type Explanation } from './explain.ts'
import type { ControlPlane } from './ports/control-plane.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'
import type { Directory } from './tenancy/directory.ts'
import type { Snapshot } from './tenancy/snapshot.ts'
import { visible } from './visible.ts'

/** A change to one tenant's facts, tried on copies. */
export interface Change {
  readonly tenant: string
  readonly directory?: (directory: Directory) => Directory
  readonly snapshot?: (snapshot: Snapshot) => Snapshot
}

export interface Simulation {
  readonly before: Explanation
  readonly after: Explanation
  /** Names of tools that the caller would see no more, and newly. */
  readonly hidden: readonly string[]
  readonly shown: readonly string[]
}

/** What a change would do to one call, and to the list of its caller, before it is made. Nothing is changed or consumed. */
export async function simulate(runtime: Runtime, change: Change, call: Call): Promise<Simulation> {
  const changed: Runtime = { ...runtime, plane: planeWith(runtime.plane, change) }
  const [before, after] = [await imagine(runtime, call), await imagine(changed, call)]
  const [seen, seenAfter] = [await names(runtime, call), await names(changed, call)]
  return { before, after, hidden: seen.filter((name) => !seenAfter.includes(name)), shown: seenAfter.filter((name) => !seen.includes(name)) }
}

/** Each verb is handed on by name: a plane may be an object of a class. */
const planeWith = (plane: ControlPlane, { tenant, directory, snapshot }: Change): ControlPlane => ({
  issuers: () => plane.issuers(),
  credentialTenant: (keyId) => plane.credentialTenant(keyId),
  tenants: () => plane.tenants(),
  credential: (id, instance, configuration) => plane.credential(id, instance, configuration),
  onChange: (listener) => plane.onChange(listener),
  directory: async (id) => (id === tenant && directory !== undefined ? directory(await plane.directory(id)) : plane.directory(id)),
  snapshot: async (id) => (id === tenant && snapshot !== undefined ? snapshot(await plane.snapshot(id)) : plane.snapshot(id)),
})

async function names(runtime: Runtime, call: Call): Promise<readonly string[]> {
  const entered = await enter(new Run(runtime, call))
  return entered.kind === 'pass' ? visible(entered.proof).map(({ known }) => known.named.name) : []
}
