import type { CheckpointSink } from '../ports/checkpoint-sink.ts'
import type { Log } from '../ports/log.ts'
import { integrate, publish, type CheckpointOptions } from './checkpointer.ts'

/** Runs something later; the returned function cancels it. */
export interface Scheduler {
  after(ms: number, run: () => void): () => void
}

export interface CheckpointerOptions extends Omit<CheckpointOptions, 'now'> {
  readonly now: () => number
  readonly scheduler: Scheduler
  readonly sink?: CheckpointSink
  /** Records after which a checkpoint is due at once; 1000 by default. */
  readonly records?: number
  /** Milliseconds after which the oldest unbound record is due; 60,000 by default. Also the pause after a failure. */
  readonly interval?: number
  /** Told of every fault; the checkpointer goes on trying. */
  readonly onFault: (fault: unknown) => void
}

/** Decides when ONE log is checkpointed. Holds no timer while there is nothing to bind, so an idle tenant costs nothing. */
export interface Checkpointer {
  /** `count` records became durable. Call it with what is not bound yet after a restart. */
  appended(count: number): void
  /** Binds what there is now; waits for a run that is under way. Rejects with the fault, if any. */
  flush(): Promise<void>
  /** Everything is bound and published. */
  readonly idle: boolean
  /** Cancels the timer. Nothing runs afterwards but a run that is under way. */
  close(): void
}

/** A checkpoint every 1000 records or 60 s, whichever is first, and none while idle. */
export function createCheckpointer(log: Log, options: CheckpointerOptions): Checkpointer {
  const { records = 1000, interval = 60_000, scheduler, onFault } = options
  let pending = 0
  let unpublished: string | undefined
  let cancel: (() => void) | undefined
  let running: Promise<void> | undefined
  let closed = false
  /** After a failed or overtaken run only the timer starts the next one: trying again with each record would spin. */
  let resting = false

  async function run(): Promise<void> {
    const counted = pending
    pending = 0
    resting = true // until this run has succeeded
    try {
      const made = await integrate(log, { ...options, now: options.now() })
      if (typeof made === 'object') unpublished = made.note
      if (options.sink !== undefined && unpublished !== undefined) await publish(options.sink, options.origin, unpublished)
      unpublished = undefined
      if (made === 'overtaken') pending += counted // the other process may not have seen all of them
      else resting = false
    } catch (fault) {
      pending += counted
      throw fault
    }
  }

  function start(): Promise<void> {
    disarm()
    running ??= run().finally(() => {
      running = undefined
      proceed()
    })
    return running
  }

  function proceed(): void {
    if (closed || running !== undefined || (pending === 0 && unpublished === undefined)) return
    if (pending >= records && !resting) start().catch(onFault)
    else arm()
  }

  function arm(): void {
    cancel ??= scheduler.after(interval, () => {
      cancel = undefined
      start().catch(onFault)
    })
  }

  function disarm(): void {
    cancel?.()
    cancel = undefined
  }

  return {
    appended(count) {
      pending += count
      proceed()
    },
    async flush() {
      await running?.catch(() => undefined)
      await start()
    },
    get idle() {
      return pending === 0 && unpublished === undefined && running === undefined
    },
    close() {
      closed = true
      disarm()
    },
  }
}
