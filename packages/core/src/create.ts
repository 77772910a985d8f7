import { createSecretKey } from 'node:crypto'
import { Approvals } from './approve.ts'
import { ed25519Key } from './audit/ed25519.ts'
import { exportLog } from './audit/export.ts'
import { formatVerifierKey } from './audit/note.ts'
import { withOwn } from './broker/own.ts'
import type { Connector } from './connectors/connector.ts'
import { enforce } from './enforce.ts'
import { exchange, EXCHANGE_LIMITS } from './exchange.ts'
import { dryRun, explain } from './explain.ts'
import { Fault } from './fault.ts'
import { ClockGuard } from './identity/clock-guard.ts'
import { jwks, tokenKey } from './identity/minter.ts'
import { pepperOf } from './identity/shown-secret.ts'
import { createVerifier, type StaticIssuer } from './identity/verifier.ts'
import { Lister } from './list.ts'
import { begin, open, unclassified, watches } from './method.ts'
import { randomIds } from './memory/random-ids.ts'
import { systemClock } from './memory/system-clock.ts'
import { worldPlane } from './memory/world-plane.ts'
import type { World } from './memory/world.ts'
import type { CheckpointSink } from './ports/checkpoint-sink.ts'
import type { Clock } from './ports/clock.ts'
import type { ControlPlane } from './ports/control-plane.ts'
import type { Dispatcher } from './ports/dispatcher.ts'
import type { Ids } from './ports/ids.ts'
import type { Storage } from './ports/storage.ts'
import { ASKING_AT_ONCE } from './owners.ts'
import type { Portcullis } from './portcullis.ts'
import { InFlight } from './quotas/in-flight.ts'
import { RECORD_LIMITS, SHED_LIMITS, Shedder, type ShedLimits } from './quotas/shedder.ts'
import { beginAll, keepReconciling } from './reconcile.ts'
import { Refusals } from './refusals.ts'
import type { Counter, Runtime } from './runtime.ts'
import type { Keys } from './secrets/keys.ts'
import { revoke } from './revoke.ts'
import { simulate } from './simulate.ts'
import { Doors, originOf } from './tenancy/doors.ts'

/** Everything that is configured, in one place. There is no option that turns a gate off, and nothing is read from the environment. */
export interface PortcullisOptions {
  /** Where clients reach this server, e.g. `https://mcp.example.com`: issuer and only audience of its tokens. */
  readonly url: string
  readonly storage: Storage
  /** `keyFile('./portcullis.key')`. No key, no start. */
  readonly keys: Keys
  readonly connectors: readonly Connector[]
  readonly dispatcher: Dispatcher
  /** A literal for the first steps and for tests, or a control plane of your own. */
  readonly world: World | ControlPlane
  /** Identity providers beside those of the world, each of exactly one tenant. */
  readonly issuers?: readonly StaticIssuer[] | undefined
  /** Where checkpoints go, outside of this server. Without one there is a warning: a log that only its keeper binds proves little. */
  readonly checkpointSink?: CheckpointSink | undefined
  /** How long a call may take at the vendor, and a port to answer (ms). 30,000 and 5,000. */
  readonly callMs?: number | undefined
  readonly portMs?: number | undefined
  /** Requests a minute that are refused, listed or explained before they are shed; and their new records a minute. */
  readonly shedding?: { readonly requests?: ShedLimits; readonly records?: ShedLimits } | undefined
  /**
   * Told what went wrong inside, and of configuration that is allowed and unwise. Holds no secret of ours; what the
   * server's own tools throw is the `cause` of a fault. Default: `console.warn`, which prints the message alone.
   */
  readonly warn?: ((message: string, fault?: unknown) => void) | undefined
  readonly clock?: Clock | undefined
  readonly ids?: Ids | undefined
}

/**
 * Opens a deployment: checks its configuration, closes what a killed predecessor left open, and answers calls.
 * @throws Fault with one sentence that names the fix: `url_invalid`, `world_invalid`, `connector_invalid`, `key_missing`, `storage_held`, …
 */
export async function createPortcullis(options: PortcullisOptions): Promise<Portcullis> {
  const { storage, keys, connectors, dispatcher, clock = systemClock, ids = randomIds } = options
  const url = checkedUrl(options.url)
  const warn = options.warn ?? ((message: string) => console.warn(`portcullis: ${message}`))
  if (new Set(connectors.map(({ id }) => id)).size < connectors.length) throw new Fault('connector_invalid', 'connectors: two connectors have the same id.')
  if (options.checkpointSink === undefined) warn('no `checkpointSink`: a log whose checkpoints nobody else holds proves little. Use `checkpointFile(path)` on another disk.')

  const onFault = (fault: unknown): void => warn(fault instanceof Fault ? `${fault.code}: ${fault.message}` : 'an internal fault', fault)
  const portMs = options.portMs ?? 5_000
  const own = isPlane(options.world) ? undefined : worldPlane(options.world, { connectors, storage, clock, onFault, portMs })
  const plane = own ?? (options.world as ControlPlane)
  const signing = tokenKey(keys)
  const logKey = ed25519Key(keys.derive('checkpoint', 32))
  const { host } = new URL(url)
  const doors = new Doors({ storage, clock, host, key: logKey, sink: options.checkpointSink, onFault, portMs })
  const counters: Record<Counter, number> = { anonymous_refusals: 0, shed: 0, faults: 0, unsettled: 0 }
  const runtime: Runtime = {
    url, clock, ids, plane, doors, portMs, onFault,
    dispatcher: withOwn(dispatcher, onFault),
    clockGuard: new ClockGuard(),
    verifier: createVerifier({ url, ownKeys: { current: signing }, issuers: [...plane.issuers(), ...(options.issuers ?? [])] }),
    shedder: new Shedder(options.shedding?.requests ?? SHED_LIMITS),
    exchanges: new Shedder(EXCHANGE_LIMITS),
    asking: new InFlight(ASKING_AT_ONCE),
    probes: new Shedder(options.shedding?.records ?? RECORD_LIMITS),
    refusals: new Refusals(doors, clock, new Shedder(options.shedding?.records ?? RECORD_LIMITS), onFault),
    argumentKey: createSecretKey(keys.derive('argument-digest', 32)), // raw bytes would be made a key anew for every argument
    sealKey: keys.derive('seal', 32),
    callMs: options.callMs ?? 30_000,
    count: (counter) => {
      counters[counter] += 1
    },
  }
  await beginAll(runtime, (tenant) => own?.publish(tenant))
  const stopReconciling = keepReconciling(runtime)
  const lister = new Lister(runtime)
  const tokenKeys = { signing, pepper: pepperOf(keys) }
  let closing: Promise<void> | undefined

  const portcullis: Portcullis = {
    url,
    enforce: (call) => enforce(runtime, call),
    own: new Set(connectors.flatMap(({ tools }) => Array.from(tools.values()).filter(({ own }) => own !== undefined).map(({ name }) => name))),
    withheld: new Set(connectors.flatMap(({ withheld = [] }) => withheld)),
    offers: new Set(connectors.flatMap(({ tools }) => Array.from(tools.values(), ({ own }) => own?.kind ?? 'tool'))),
    list: (request, kind) => lister.list(request, kind),
    open: (request) => open(runtime, request),
    begin: (request) => begin(runtime, request),
    unclassified: (request) => unclassified(runtime, request),
    explain: (call, view) => explain(runtime, call, view),
    dryRun: (call) => dryRun(runtime, call),
    watches: (request, kind, name) => watches(runtime, request, kind, name),
    simulate: (change, call) => simulate(runtime, change, call),
    approvals: new Approvals(runtime),
    revoke: (tenant, holder) => revoke(runtime, tenant, holder),
    exchange: (request) => exchange(runtime, tokenKeys, request),
    jwks: () => jwks([signing]),
    exportLog: async function* (tenant) {
      yield* exportLog((await doors.open(tenant)).log, { origin: originOf(host, tenant), publicKey: logKey.publicKey })
    },
    logKey: (tenant) => formatVerifierKey({ name: originOf(host, tenant), publicKey: logKey.publicKey }),
    async checkpoint(tenant) {
      const door = await doors.open(tenant)
      await door.checkpointer.flush()
      return (await door.log.latest())?.note
    },
    onChange: (listener) => plane.onChange(listener),
    health: () => ({ status: closing === undefined ? 'ok' : 'closed', counters: { ...counters } }),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => portcullis.close(),
  }
  return portcullis

  async function close(): Promise<void> {
    stopReconciling()
    own?.stop()
    await runtime.refusals.flush()
    await dispatcher.close?.()
    await doors.close()
    await storage.close()
  }
}

const isPlane = (world: World | ControlPlane): world is ControlPlane => typeof world.tenants === 'function'

/** An origin without a path: the metadata of RFC 9728 lives beside it. Plain http only where nobody can listen. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const local = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) || url.origin !== text) {
    throw new Fault('url_invalid', 'url: give the origin at which clients reach this server, e.g. https://mcp.example.com, without a path (plain http only on loopback).')
  }
  return text
}
