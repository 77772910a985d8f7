import { expect, test } from 'vitest'
import { Fault } from '@portcullis/core'
import { LedgerQueue, type LedgerAnswer, type LedgerItem } from '@portcullis/core/ports'

const note = (n: number, size = 0): LedgerItem => ({ kind: 'note', body: `{"n":${n},"x":"${'x'.repeat(size)}"` })
const numberOf = (item: LedgerItem): number => Number(/"n":(\d+)/.exec(item.body)?.[1])
const answersTo = (items: readonly LedgerItem[]): LedgerAnswer[] => items.map((item) => ({ kind: 'noted', seq: numberOf(item) }))

test('items pushed together travel together, at most 256 of them or 1 MiB, in order, one batch at a time', async () => {
  const batches: number[][] = []
  let inFlight = 0
  const queue = new LedgerQueue(async (items) => {
    inFlight += 1
    expect(inFlight).toBe(1)
    await Promise.resolve()
    batches.push(items.map(numberOf))
    inFlight -= 1
    return answersTo(items)
  })
  const answers = await Promise.all(Array.from({ length: 600 }, (_, n) => queue.push(note(n))))
  expect(answers).toEqual(Array.from({ length: 600 }, (_, seq) => ({ kind: 'noted', seq })))
  expect(batches.map((batch) => batch.length)).toEqual([256, 256, 88])
  expect(batches.flat()).toEqual(Array.from({ length: 600 }, (_, n) => n))

  batches.length = 0
  await Promise.all([note(1, 600_000), note(2, 600_000), note(3, 2_000_000), note(4)].map((item) => queue.push(item)))
  expect(batches).toEqual([[1], [2], [3], [4]]) // one that is too large for any batch still goes, alone
})

test('what arrives while a batch is on its way goes with the next one', async () => {
  const batches: number[][] = []
  const queue = new LedgerQueue(async (items) => {
    batches.push(items.map(numberOf))
    return answersTo(items)
  })
  const late = queue.push(note(0)).then(() => Promise.all([queue.push(note(2)), queue.push(note(3))]))
  await Promise.all([queue.push(note(1)), late])
  await queue.push(note(4))
  expect(batches).toEqual([[0, 1], [2, 3], [4]])
})

test('a batch that fails is tried again in halves: one poisoned item is rejected with its own fault, its neighbours are answered', async () => {
  const tried: number[] = []
  const queue = new LedgerQueue(async (items) => {
    tried.push(items.length)
    const poison = items.find((item) => [5, 6].includes(numberOf(item)))
    if (poison !== undefined) throw new Error(`poison ${numberOf(poison)}`)
    return answersTo(items)
  })
  const settled = await Promise.allSettled(Array.from({ length: 16 }, (_, n) => queue.push(note(n))))
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message))).toEqual(
    Array.from({ length: 16 }, (_, seq) => ([5, 6].includes(seq) ? `poison ${seq}` : { kind: 'noted', seq })),
  )
  expect(tried).toEqual([16, 8, 4, 4, 2, 1, 1, 2, 1, 1, 8])
  await expect(queue.push(note(7))).resolves.toEqual({ kind: 'noted', seq: 7 }) // and goes on
})

test('a store that is down refuses the whole batch at once: what may have been committed is never tried again', async () => {
  let tried = 0
  const down = new Fault('storage_full', 'No room.')
  const queue = new LedgerQueue(async (items) => {
    tried += 1
    if (tried === 1) throw down
    return answersTo(items)
  })
  const settled = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => queue.push(note(n))))
  expect(settled.every((one) => one.status === 'rejected' && one.reason === down)).toBe(true)
  expect(tried).toBe(1)
  await expect(queue.push(note(7))).resolves.toEqual({ kind: 'noted', seq: 7 })
})

test('an item without an answer is rejected rather than left waiting', async () => {
  const queue = new LedgerQueue(async (items) => answersTo(items).slice(0, 1))
  const settled = await Promise.allSettled([queue.push(note(0)), queue.push(note(1))])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
})

test('what an admission carries for its voters counts as its body does', async () => {
  const batches: number[] = []
  const queue = new LedgerQueue(async (items) => {
    batches.push(items.length)
    return answersTo(items)
  })
  const request = { id: 'a', digest: 'd', requester: 'r', self: [], customer: undefined, tool: 't', instance: 'i', arguments: 'x'.repeat(200_000), sent: 'x'.repeat(200_000), quorum: 1 }
  const admission = (n: number): LedgerItem => ({
    kind: 'admit', callId: String(n), authorization: 1, principal: 'p', limits: { included: 1, overage: false, tenantPerMinute: 1, principalPerMinute: 1 }, deadlineMs: 1, job: { instance: '', tool: '' },
    body: `{"n":${n}`, approval: { ask: { digest: 'd', requester: 'r', electorate: [] }, request },
  })
  const completion = (n: number): LedgerItem => ({ kind: 'complete', callId: String(n), status: 'failed', keep: 'x'.repeat(400_000), body: `{"n":${n}` })
  await Promise.all([1, 2, 3, 4, 5].map((n) => queue.push(admission(n))))
  await Promise.all([1, 2, 3].map((n) => queue.push(completion(n))))
  expect(batches).toEqual([2, 2, 1, 2, 1])
})
