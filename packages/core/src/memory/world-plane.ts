import type { Connector } from '../connectors/connector.ts'
import { within } from '../deadline.ts'
import { Fault } from '../fault.ts'
import type { StaticIssuer } from '../identity/verifier.ts'
import type { Clock } from '../ports/clock.ts'
import type { ControlPlane } from '../ports/control-plane.ts'
import type { Storage } from '../ports/storage.ts'
import type { Directory } from '../tenancy/directory.ts'
import { withEndedTokens } from '../tenancy/ended-tokens.ts'
import { POLICY_VERSION, type Snapshot } from '../tenancy/snapshot.ts'
import { Standings, type KnownStanding } from '../tenancy/standings.ts'
import { compileTenant, configurationOf, type TenantFacts } from './compile-world.ts'
import { checkWorld } from './world-schema.ts'
import type { World, WorldTenant } from './world.ts'

interface Loaded {
  readonly facts: TenantFacts
  readonly known: KnownStanding
  readonly directory: Directory
  readonly snapshot: Snapshot
}

export interface WorldPlane extends ControlPlane {
  /**
   * Replaces one tenant. The new authorization version is durable before the first decision is made on the new facts. Rejected in time when the
   * store does not answer: the change may then still come.
   */
  change(tenant: string, next: WorldTenant): Promise<void>
  /** Makes a tenant's facts the ones in force. They are published once: if others are published after them, these decide nothing any more. */
  publish(tenant: string): Promise<void>
  /** Ends the comparing with what other processes do. */
  stop(): void
}

export interface WorldPlaneOptions {
  readonly connectors: readonly Connector[]
  readonly storage: Storage
  readonly clock: Clock
  readonly onFault?: (fault: unknown) => void
  /** How long the store may take (ms). */
  readonly portMs?: number
}

/** A control plane over a literal. Throws `world_invalid` with one sentence for a world that contradicts itself. */
export function worldPlane(world: World, options: WorldPlaneOptions): WorldPlane {
  checkWorld(world)
  const { storage, clock, onFault = () => undefined, portMs = 5_000 } = options
  const connectors = new Map(options.connectors.map((connector) => [connector.id, connector]))
  const tenants = new Map(Object.entries(world.tenants))
  const compiled = new Map([...tenants].map(([id, tenant]) => [id, compileTenant(id, tenant, connectors)]))
  const loaded = new Map<string, Loaded>()
  const published = new WeakSet<TenantFacts>()
  const listeners = new Set<(tenant: string) => void>()
  const issuers = (world.issuers ?? []) as readonly StaticIssuer[]
  for (const { issuer, tenant } of issuers) if (!tenants.has(tenant)) throw new Fault('world_invalid', `world.issuers: ${issuer} names a tenant that does not exist.`)
  let credentialTenants = indexCredentials(compiled)

  const turns = new Map<string, Promise<unknown>>()
  /** One publication of a tenant's facts at a time: old facts published after new ones would get the newer version. */
  function inTurn<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(tenant) ?? Promise.resolve()).then(work, work)
    turns.set(tenant, turn)
    return turn
  }

  /** Whoever waits gives up in time; the turn goes on until the store has answered, so that nothing overtakes it. */
  const inTime = (tenant: string, work: () => Promise<void>): Promise<void> => within(clock, portMs, inTurn(tenant, work))

  const tell = (tenant: string): void => {
    for (const listener of listeners) listener(tenant)
  }
  const standings = new Standings({ storage, clock, onChange: tell, onFault })

  /** Durable before the first decision on these facts: a decision on others is sent back from then on. */
  async function publish(tenant: string, facts: TenantFacts): Promise<void> {
    const { fingerprint, snapshot } = facts
    const door = await storage.tenant(tenant)
    await door.requirePolicy(snapshot.minimumPolicy)
    standings.outdated(tenant, await door.authorize(fingerprint))
    published.add(facts)
  }

  /** Once: what others have published since must stay. */
  async function publishOnce(tenant: string, facts: TenantFacts): Promise<void> {
    if (published.has(facts)) return
    await inTime(tenant, async () => {
      if (compiled.get(tenant) === facts && !published.has(facts)) await publish(tenant, facts)
    })
  }

  async function load(tenant: string): Promise<Loaded> {
    const facts = compiled.get(tenant)
    if (facts === undefined) throw new Fault('tenant_unknown', 'There is no such tenant in the world.')
    const isCurrent = (): boolean => compiled.get(tenant) === facts
    await publishOnce(tenant, facts)
    const { standing, asOf } = await standings.of(tenant)
    if (!isCurrent()) return load(tenant) // changed meanwhile
    const before = loaded.get(tenant)
    if (before?.facts === facts && before.known.standing === standing && before.known.asOf === asOf) return before
    if (standing.fingerprint !== facts.fingerprint && standing.minimumPolicy <= POLICY_VERSION) {
      throw new Fault('facts_superseded', 'Another process has published other facts of a tenant: restart this one with the same world.')
    }
    const fresh = before?.facts === facts && before.known.standing === standing ? renewed(before, asOf) : merge(facts, { standing, asOf })
    loaded.set(tenant, fresh)
    return fresh
  }

  return {
    issuers: () => issuers,
    credentialTenant: (keyId) => credentialTenants.get(keyId),
    tenants: () => [...tenants.keys()],
    directory: async (tenant) => (await load(tenant)).directory,
    snapshot: async (tenant) => (await load(tenant)).snapshot,
    credential: async (tenant, instance, configuration) => {
      const found = tenants.get(tenant)?.instances[instance]
      return found !== undefined && configurationOf(found) === configuration ? found.credential() : undefined
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async change(tenant, next) {
      checkWorld({ ...world, tenants: { ...Object.fromEntries(tenants), [tenant]: next } })
      checkConfigurations(tenant, tenants.get(tenant), next)
      const facts = compileTenant(tenant, next, connectors)
      await inTime(tenant, async () => {
        await publish(tenant, facts)
        tenants.set(tenant, next)
        compiled.set(tenant, facts)
        credentialTenants = indexCredentials(compiled)
      })
      tell(tenant)
    },
    outdated(tenant, authorization) {
      if (standings.outdated(tenant, authorization)) tell(tenant)
    },
    async publish(tenant) {
      const facts = compiled.get(tenant)
      if (facts !== undefined) await publishOnce(tenant, facts)
    },
    stop: () => standings.stop(),
  }
}

/** One version of everything: of these facts, as of this moment. */
function merge(facts: TenantFacts, known: KnownStanding): Loaded {
  const { standing, asOf } = known
  const version = standing.authorization
  return {
    facts, known,
    directory: { ...withEndedTokens(facts.directory, standing), version, asOf },
    snapshot: { ...facts.snapshot, version, asOf, minimumPolicy: Math.max(facts.snapshot.minimumPolicy, standing.minimumPolicy) },
  }
}

const renewed = ({ facts, known, directory, snapshot }: Loaded, asOf: number): Loaded =>
  ({ facts, known: { ...known, asOf }, directory: { ...directory, asOf }, snapshot: { ...snapshot, asOf } })

/** Other settings are another configuration: approvals and credentials of the old one must not serve the new one. */
function checkConfigurations(tenant: string, before: WorldTenant | undefined, next: WorldTenant): void {
  for (const [id, instance] of Object.entries(next.instances)) {
    const old = before?.instances[id]
    if (old !== undefined && configurationOf(old) === configurationOf(instance) && JSON.stringify(old.settings) !== JSON.stringify(instance.settings)) {
      throw new Fault('world_invalid', `world.tenants.${tenant}.instances.${id}: other settings need another \`configuration\` number.`)
    }
  }
}

/** A key id is random: two tenants with the same one have copied it. */
function indexCredentials(compiled: ReadonlyMap<string, TenantFacts>): ReadonlyMap<string, string> {
  const index = new Map<string, string>()
  for (const [tenant, { directory }] of compiled) {
    for (const id of directory.credentials.keys()) {
      if (index.has(id)) throw new Fault('world_invalid', `world.tenants.${tenant}: the credential ${id} is listed twice.`)
      index.set(id, tenant)
    }
  }
  return index
}
