import type { Store } from '../storage.ts'
import { Balancer } from './balancer.ts'
import { freeUrl, type Running, type Stage } from './stage.ts'

/** One gateway process: where it listens itself, whether or not it runs. */
export interface Member {
  readonly address: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly kill: () => Promise<void>
}

/** The gateway as its clients know it, at one address: one process on SQLite, two behind a balancer on PostgreSQL. */
export class Gateways {
  readonly url: string
  readonly members: readonly Member[]
  readonly #stage: Stage
  readonly #balancer: Balancer | undefined
  #args: readonly string[]

  private constructor(stage: Stage, url: string, addresses: readonly string[], args: readonly string[], balancer?: Balancer) {
    this.url = url
    this.#stage = stage
    this.#args = args
    this.#balancer = balancer
    this.members = addresses.map((address) => this.#member(address))
  }

  static async start(stage: Stage, store: Store): Promise<Gateways> {
    const url = await freeUrl()
    const args = ['--folder', stage.folder, '--url', url, '--store', store]
    const addresses = store === 'sqlite' ? [url] : [await freeUrl(), await freeUrl()]
    const balancer = store === 'sqlite' ? undefined : new Balancer(addresses)
    await balancer?.listen(url)
    const gateways = new Gateways(stage, url, addresses, args, balancer)
    await gateways.start()
    return gateways
  }

  async start(): Promise<void> {
    await Promise.all(this.members.map(({ start }) => start()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ stop }) => stop()))
  }

  /** Counts for each from its next start on: how long a vendor may take (ms). */
  setCallMs(ms: number): void {
    this.#args = [...this.#args, '--call-ms', String(ms)]
  }

  /** The one that has a call under way, and the others. */
  holder(): readonly [holder: Member, ...others: Member[]] {
    const busy = this.#balancer?.busy() ?? [this.url]
    const [holder, ...more] = this.members.filter(({ address }) => busy.includes(address))
    if (holder === undefined || more.length > 0) throw new Error(`${busy.length} gateways have a call under way.`)
    return [holder, ...this.members.filter((one) => one !== holder)]
  }

  #member(address: string): Member {
    let running: Running | undefined
    const end = async (how: 'stop' | 'kill'): Promise<void> => {
      await running?.[how]()
      running = undefined
    }
    const start = async (): Promise<void> => {
      running = await this.#stage.start('gateway.ts', [...this.#args, '--listen', address])
    }
    return { address, start, stop: () => end('stop'), kill: () => end('kill') }
  }
}
