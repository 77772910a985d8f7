import { Fault } from './fault.ts'
import type { Clock } from './ports/clock.ts'

/** Rejects with `port_timeout` when a port has not answered in time (ms). What it answers later is dropped. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new Fault('port_timeout', 'A port did not answer in time.')))
    work.then(resolve, reject).finally(cancel)
  })
}
