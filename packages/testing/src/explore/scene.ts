import { createPortcullis, type Connector, type Portcullis, type World } from '@portcullis/core'
import { worldPlane, type WorldPlane } from '@portcullis/core/memory'
import type { CheckpointSink, Clock, ControlPlane, Dispatcher, DispatchJob, Ids, Storage } from '@portcullis/core/ports'
import type { Weather } from '../arbitrary/step.ts'
import { DEPLOYMENT_KEYS, URL_OF_DEPLOYMENT } from '../world/tokens.ts'
import { pretendedDispatcher } from '../world/vendor.ts'
import { VirtualClock } from '../world/virtual-clock.ts'

/** What a history is played on. */
export interface Stage {
  readonly connectors: readonly Connector[]
  /** A storage of its own for every history. */
  readonly storage: (clock: Clock) => Storage
}

const PLENTY = { principal: 1e9, tenant: 1e9 }
const STALE = 121_000

/** Ids that say which step drew them, so that no step's ids depend on what others did. */
export class StepIds implements Ids {
  #step = 'a'
  #drawn = 0
  readonly #steps = new Map<string, number>()

  /** Begins a step of one of several players, each named by one letter. */
  step(player = 'a'): void {
    const number = (this.#steps.get(player) ?? 0) + 1
    this.#steps.set(player, number)
    this.#step = `${player}${String(number).padStart(6, '0')}`
    this.#drawn = 0
  }

  next(prefix: string): string {
    this.#drawn += 1
    return `${prefix}_${this.#step}${String(this.#drawn).padStart(4, '0')}`
  }
}

/** One deployment with time, ids, vendors and the weather of its ports in the hands of a test. */
export interface Scene {
  readonly portcullis: Portcullis
  readonly clock: VirtualClock
  readonly ids: StepIds
  readonly plane: WorldPlane
  readonly weather: (weather: Weather) => void
  /** Everything that was dispatched so far. */
  readonly dispatched: readonly DispatchJob[]
}

export interface SceneOptions extends Stage {
  readonly dispatcher?: Dispatcher
  readonly shedding?: Parameters<typeof createPortcullis>[0]['shedding']
  /** Replaces ports by faulty ones. */
  readonly wrap?: { readonly plane?: (plane: ControlPlane) => ControlPlane; readonly storage?: (storage: Storage) => Storage }
  readonly checkpointSink?: CheckpointSink
  readonly warn?: (message: string) => void
}

export async function openScene(world: World, options: SceneOptions): Promise<Scene> {
  const { connectors, wrap = {}, warn = () => undefined } = options
  const clock = new VirtualClock()
  const ids = new StepIds()
  const inner = options.storage(clock)
  const plane = worldPlane(world, { connectors, storage: inner, clock })
  const dispatched: DispatchJob[] = []
  let now: Weather = 'clear'
  let doorFails = false
  const weathered: ControlPlane = {
    ...plane,
    // No door is opened at the start, so that the first request can find one shut.
    tenants: () => [],
    directory: async (tenant) => {
      if (now === 'directory_down') throw new Error('the directory is down')
      const directory = await plane.directory(tenant)
      return now === 'directory_stale' ? { ...directory, asOf: directory.asOf - STALE } : directory
    },
    snapshot: async (tenant) => {
      if (now === 'snapshot_down') throw new Error('the snapshot is down')
      const snapshot = await plane.snapshot(tenant)
      if (now === 'snapshot_stale') return { ...snapshot, asOf: snapshot.asOf - STALE }
      return now === 'versions_apart' ? { ...snapshot, version: snapshot.version + 1 } : snapshot
    },
  }
  const storage: Storage = {
    tenant: async (id) => {
      const fails = doorFails
      doorFails = false
      if (fails) throw new Error('the door is shut')
      return inner.tenant(id)
    },
    close: () => inner.close(),
  }
  const portcullis = await createPortcullis({
    url: URL_OF_DEPLOYMENT, keys: DEPLOYMENT_KEYS, connectors, clock, ids, warn,
    dispatcher: options.dispatcher ?? pretendedDispatcher((job) => dispatched.push(job)), world: wrap.plane?.(weathered) ?? weathered, storage: wrap.storage?.(storage) ?? storage,
    shedding: options.shedding ?? { requests: PLENTY, records: PLENTY }, ...(options.checkpointSink === undefined ? {} : { checkpointSink: options.checkpointSink }),
  })
  return {
    portcullis, clock, ids, plane, dispatched,
    weather: (weather) => {
      now = weather
      doorFails = weather === 'door_down'
    },
  }
}
