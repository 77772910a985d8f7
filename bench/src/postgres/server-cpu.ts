import { readFileSync } from 'node:fs'

/** µs in one of the kernel's ticks, which are 100 a second in `/proc` whatever the kernel counts in. */
const TICK = 10_000

/** CPU that a PostgreSQL has used since it started (µs, in steps of 10 ms): the postmaster, whoever lives below it, and whoever ended. Linux alone says so. */
export function serverCpu(postmaster: number): number {
  for (;;) {
    const { ended } = ticksOf(postmaster)
    const living = childrenOf(postmaster).reduce((sum, pid) => sum + (ownTicks(pid) ?? Number.NaN), 0)
    const after = ticksOf(postmaster)
    // Whoever ended in between would be missed or counted twice.
    if (after.ended === ended && !Number.isNaN(living)) return (living + after.own + ended) * TICK
  }
}

/** The process that a backend belongs to. */
export const parentOf = (pid: number): number => Number(fieldsOf(pid)[1])

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((text) => text !== '').map(Number)
}

function ownTicks(pid: number): number | undefined {
  try {
    return ticksOf(pid).own
  } catch {
    return undefined
  }
}

function ticksOf(pid: number): { readonly own: number; readonly ended: number } {
  const [user, system, endedUser, endedSystem] = fieldsOf(pid).slice(11, 15).map(Number) as [number, number, number, number]
  return { own: user + system, ended: endedUser + endedSystem }
}

/** From the third on: the second is a name in brackets that may hold anything. */
function fieldsOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
