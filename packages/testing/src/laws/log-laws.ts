import { createHash } from 'node:crypto'
import { Fault } from '@portcullis/core'
import type { LogRecord } from '@portcullis/core/ports'
import { Desk, tally } from './desk.ts'
import type { Looks } from './law.ts'
import type { StorageLaw } from './storage-law.ts'

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const text = ({ bytes }: LogRecord): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

/** Everything about a log that must hold at any moment. */
export async function lookAtLog({ door }: Desk, looks: Looks): Promise<void> {
  const size = await door.log.size()
  const records = await door.log.read({ from: 0, limit: size + 1 })
  const leaves = await door.log.leaves({ from: 0, limit: size + 1 })
  looks.same([records.length, leaves.length], [size, size], 'size, records and leaves')
  for (const [place, record] of records.entries()) {
    const value = JSON.parse(text(record)) as Record<string, unknown>
    looks.same([record.seq, value['seq'], value['at']], [place, place, new Date(record.at).toISOString()], `place and time of record ${place}`)
    looks.same(leaves[place], sha256(Uint8Array.of(0), record.bytes), `leaf of record ${place}`)
  }
}

export const LOG_LAWS: readonly StorageLaw[] = [
  {
    id: 'log/gapless', name: 'records are counted from 0 without a gap, whoever appends at the same time',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const answers = await Promise.all(Array.from({ length: 600 }, (_, index) => (index % 3 === 0 ? desk.admit() : desk.note())))
      const places = answers.map((answer) => ('seq' in answer ? answer.seq : -1)).toSorted((a, b) => a - b)
      looks.same(places, Array.from({ length: 600 }, (_, index) => index), 'places')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'log/ranges', name: 'a range begins where it says and is shorter only where the log ends',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      looks.same([await desk.size(), await desk.door.log.read({ from: 0, limit: 9 }), await desk.door.log.leaves({ from: 0, limit: 9 })], [0, [], []], 'an empty log')
      await Promise.all(Array.from({ length: 10 }, () => desk.note()))
      for (const [from, limit, expected] of [[0, 3, [0, 1, 2]], [8, 5, [8, 9]], [10, 5, []], [99, 1, []], [4, 0, []]] as const) {
        looks.same((await desk.door.log.read({ from, limit })).map(({ seq }) => seq), expected, `records from ${from}, at most ${limit}`)
        looks.same((await desk.door.log.leaves({ from, limit })).length, expected.length, `leaves from ${from}, at most ${limit}`)
      }
    },
  },
  {
    id: 'log/exact', name: 'a record is one JSON object: the exact text that was given, with its place and time',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const values = ['', 'é 漢 😀 \u2028', '\\u0000 "quoted" \\', '\ufeff\u0000', 'x'.repeat(70_000), '\ud800 alone']
      for (const [place, value] of values.entries()) {
        clock.set(clock.now() + 1)
        const body = `{"v":1,"value":${JSON.stringify(value)}`
        looks.same(await desk.note(body), { kind: 'noted', seq: place }, 'the answer')
        const [record] = await desk.door.log.read({ from: place, limit: 1 })
        if (record === undefined) throw new Error('no record')
        looks.that(text(record).startsWith(`${body},`) && !text(record).includes('\n'), `the text of record ${place}`)
        looks.same([record.at, (JSON.parse(text(record)) as { value: string }).value], [clock.now(), value], `record ${place}`)
      }
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'log/atomic', name: 'an item that breaks is taken back whole and alone: its neighbours in the batch are not refused',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const broken = { ...desk.item({ callId: 'broken', principal: 'mallory' }), get job(): never { throw new Error('a broken item') } }
      const answers = await Promise.allSettled([
        ...Array.from({ length: 20 }, () => desk.admit()), desk.door.ledger.admit(broken), ...Array.from({ length: 20 }, () => desk.admit()),
      ])
      looks.same(answers.map(({ status }) => status === 'rejected'), Array.from({ length: 41 }, (_, index) => index === 20), 'which were rejected')
      looks.same([await desk.size(), await desk.door.ledger.recall('broken'), await desk.door.ledger.callsOf('mallory')], [40, undefined, { used: 0, reserved: 0 }], 'what is left of it')
      looks.same(await desk.door.ledger.callsOf('ada'), { used: 0, reserved: 40 }, 'what its neighbours reserved')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'log/checkpoints', name: 'nodes and checkpoint are added together, and only upon the checkpoint they were built on',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const { log } = desk.door
      const hash = (name: string): Uint8Array => sha256(Buffer.from(name))
      const checkpoint = (size: number, name: string) => ({ size, root: hash(name), note: `${name}\n\n— signed\n`, at: size * 1000 })
      looks.same([await log.latest(), await log.nodes(8, { from: 0, limit: 9 })], [undefined, []], 'before the first')
      await Promise.all(Array.from({ length: 601 }, () => desk.note()))
      looks.same(await log.integrate({ previous: 5, checkpoint: checkpoint(7, 'early'), nodes: [] }), false, 'built on one that is not there')
      looks.same(await log.integrate({ previous: 0, checkpoint: checkpoint(300, 'one'), nodes: [{ level: 8, index: 0, hash: hash('n0') }] }), true, 'the first')
      const rivals = await Promise.all(['two', 'three'].map((name, index) =>
        log.integrate({ previous: 300, checkpoint: checkpoint(600 + index, name), nodes: [{ level: 8, index: 1, hash: hash(name) }] })))
      looks.same(rivals.filter(Boolean).length, 1, 'rivals that got through')
      const winner = rivals[0] === true ? 'two' : 'three'
      looks.same(await log.latest(), checkpoint(rivals[0] === true ? 600 : 601, winner), 'the latest')
      looks.same([await log.nodes(8, { from: 0, limit: 9 }), await log.nodes(8, { from: 1, limit: 1 }), await log.nodes(16, { from: 0, limit: 9 })], [[hash('n0'), hash(winner)], [hash(winner)], []], 'nodes')
      looks.same(tally(await desk.many(3)), { admitted: 3 }, 'admissions after it')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'log/checkpoint-grows', name: 'a checkpoint is never of more records than there are, nor of as many as the one before, or fewer',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const { log } = desk.door
      const integrate = (previous: number, size: number) =>
        log.integrate({ previous, checkpoint: { size, root: sha256(), note: `${size}\n`, at: size }, nodes: [{ level: 8, index: previous, hash: sha256() }] })
      await Promise.all(Array.from({ length: 5 }, () => desk.note()))
      looks.same([await integrate(0, 6), await integrate(0, 0), await log.latest(), await log.nodes(8, { from: 0, limit: 9 })], [false, false, undefined, []], 'more than there are, and none')
      looks.same([await integrate(0, 4), await integrate(4, 3), await integrate(4, 4), await integrate(4, 6)], [true, false, false, false], 'fewer, as many, and more than there are')
      looks.same([(await log.latest())?.size, (await log.nodes(8, { from: 0, limit: 9 })).length], [4, 1], 'what is there')
      looks.same([await integrate(4, 5), (await log.latest())?.size], [true, 5], 'all there are')
    },
  },
  {
    id: 'log/odd-ranges', name: 'a range that is not of whole numbers is refused',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      await desk.note()
      const code = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'answered', (fault: unknown) => (fault instanceof Fault ? fault.code : String(fault)))
      const { log, ledger } = desk.door
      for (const odd of [undefined, null, Number.NaN, Infinity, -Infinity, 0.5, -1, 1e300, '1', 1n] as readonly unknown[] as readonly number[]) {
        for (const range of [{ from: odd, limit: 1 }, { from: 0, limit: odd }]) {
          const says = `from ${typeof range.from} ${String(range.from)}, ${typeof range.limit} ${String(range.limit)}`
          looks.same([await code(log.read(range)), await code(log.leaves(range)), await code(log.nodes(8, range))], ['range_invalid', 'range_invalid', 'range_invalid'], says)
        }
        looks.same(await code(ledger.due({ limit: odd })), 'range_invalid', `due, ${typeof odd} ${String(odd)}`)
      }
    },
  },
]
