import { describe, expect, test } from 'vitest'
import { createCheckpointer, type CheckpointerOptions } from '../../src/audit/checkpoint-schedule.ts'
import { MemoryLog, ORIGIN, signingKey } from './memory-log.ts'

/** A scheduler that runs what is due only when told. */
function manual() {
  const due = new Set<{ ms: number; run: () => void }>()
  const after = (ms: number, run: () => void) => {
    const entry = { ms, run }
    due.add(entry)
    return () => void due.delete(entry)
  }
  const pass = () => {
    for (const entry of [...due]) {
      due.delete(entry)
      entry.run()
    }
  }
  return { after, pass, waiting: () => [...due].map(({ ms }) => ms) }
}

function setUp(more: Partial<CheckpointerOptions> = {}) {
  const log = new MemoryLog()
  const scheduler = manual()
  const faults: unknown[] = []
  const checkpointer = createCheckpointer(log, { origin: ORIGIN, key: signingKey(), now: () => 77, scheduler, onFault: (fault) => void faults.push(fault), ...more })
  const append = (count: number) => {
    log.append(count)
    checkpointer.appended(count)
  }
  const settled = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  return { log, scheduler, faults, checkpointer, append, settled, sizes: () => log.checkpoints.map(({ size }) => size) }
}

describe('when a log is checkpointed', () => {
  test('60 s after the first unbound record, once for all of them; idle holds no timer', async () => {
    const { append, scheduler, settled, sizes, log } = setUp()
    expect(scheduler.waiting()).toEqual([])
    append(3)
    append(4)
    expect(scheduler.waiting()).toEqual([60_000])
    scheduler.pass()
    await settled()
    expect(sizes()).toEqual([7])
    expect(log.checkpoints[0]!.at).toBe(77)
    expect(scheduler.waiting()).toEqual([])
  })

  test('at once after 1000 records, and again for 1000 that arrive during the run', async () => {
    const { append, scheduler, settled, sizes } = setUp()
    append(999)
    await settled()
    expect(sizes()).toEqual([])
    append(1)
    append(400)
    append(600)
    await settled()
    expect(sizes().at(-1)).toBe(2000)
    append(5)
    expect(scheduler.waiting()).toEqual([60_000])
  })

  test('a fault is told, kept apart from appending, and tried again by the timer only', async () => {
    const notes: string[] = []
    let broken = true
    const sink = { publish: async (_: string, note: string) => (broken ? Promise.reject(new Error('down')) : void notes.push(note)) }
    const { append, scheduler, settled, faults, log } = setUp({ sink })
    append(1000)
    await settled()
    expect(faults).toEqual([expect.objectContaining({ code: 'checkpoint_unpublished' })])
    append(1000)
    append(1000)
    await settled()
    expect(faults).toHaveLength(1)
    expect(scheduler.waiting()).toEqual([60_000])
    broken = false
    scheduler.pass()
    await settled()
    expect(notes).toEqual([log.checkpoints.at(-1)!.note])
    expect(scheduler.waiting()).toEqual([])
  })

  test('a note that was stored but not published is published later, though nothing is new', async () => {
    const notes: string[] = []
    let broken = true
    const sink = { publish: async (_: string, note: string) => (broken ? Promise.reject(new Error('down')) : void notes.push(note)) }
    const { append, checkpointer, scheduler, settled, log } = setUp({ sink })
    append(2)
    await expect(checkpointer.flush()).rejects.toThrow(expect.objectContaining({ code: 'checkpoint_unpublished' }))
    broken = false
    scheduler.pass()
    await settled()
    expect(notes).toEqual([log.checkpoints[0]!.note])
  })

  test('overtaken by another process, it looks again after the pause', async () => {
    const { append, scheduler, settled, log, sizes } = setUp()
    const integrate = log.integrate.bind(log)
    log.integrate = async () => false
    append(1000)
    await settled()
    expect(scheduler.waiting()).toEqual([60_000])
    log.integrate = integrate
    scheduler.pass()
    await settled()
    expect(sizes()).toEqual([1000])
  })

  test('flush binds at once; closed, nothing is started', async () => {
    const { append, checkpointer, scheduler, settled, sizes } = setUp()
    append(1)
    await checkpointer.flush()
    expect(sizes()).toEqual([1])
    expect(scheduler.waiting()).toEqual([])
    append(1)
    checkpointer.close()
    append(5000)
    scheduler.pass()
    await settled()
    expect(sizes()).toEqual([1])
  })
})
