import { median } from '../measure.ts'
import type { Cpu } from './site.ts'

/** What some rounds of one kind of work took. Every figure is the median of its rounds, since the machine is shared. */
export class Samples {
  readonly #perSecond: number[] = []
  readonly #node: number[] = []
  readonly #server: number[] = []

  /** Counts what `work` says it did. `clock` starts counting CPU. */
  async round(clock: () => () => Cpu, work: () => Promise<number>): Promise<void> {
    const [start, spent] = [performance.now(), clock()]
    const count = await work()
    const seconds = (performance.now() - start) / 1_000
    const { node, server } = spent()
    this.#perSecond.push(count / seconds)
    this.#node.push(node / count)
    this.#server.push(server / count)
  }

  get perSecond(): number {
    return median(this.#perSecond)
  }

  /** µs an operation. */
  get node(): number {
    return median(this.#node)
  }

  /** µs an operation. */
  get server(): number {
    return median(this.#server)
  }

  /** Of each round. */
  get rates(): readonly number[] {
    return this.#perSecond
  }
}
