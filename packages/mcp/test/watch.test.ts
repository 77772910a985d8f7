import { expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Change } from '../src/changes.ts'
import { whenOver } from '../src/v2/when-over.ts'
import { mayBeTold, merged } from '../src/watch.ts'
import { logOf, stage } from './world.ts'

const resource = (uri: string): Change => ({ kind: 'resource', uri })

verifies('CH-18', 'changes that are the same and come at once are told one after the other, and no more often than twice', async () => {
  const told: Change[] = []
  const waiting: (() => void)[] = []
  const tell = merged((change) => new Promise((resolve) => {
    told.push(change)
    waiting.push(resolve)
  }))
  for (let at = 0; at < 100; at++) for (const change of [resource('t://a'), resource('t://b'), { kind: 'tools' } as const]) tell(change)
  expect(told).toEqual([resource('t://a'), resource('t://b'), { kind: 'tools' }])
  for (const next of waiting.splice(0)) next()
  await vi.waitFor(() => expect(told).toHaveLength(6))
  for (const next of waiting.splice(0)) next()
  await new Promise(setImmediate)
  expect(told).toHaveLength(6)
  tell({ kind: 'tools' })
  expect(told).toHaveLength(7)
})

test('CH-18: a telling that fails ends alone, and the next change is told again', async () => {
  let told = 0
  const tell = merged(async () => {
    told += 1
    throw new Error('broken')
  })
  tell({ kind: 'tools' })
  await new Promise(setImmediate) // an unhandled rejection would fail this file
  tell({ kind: 'tools' })
  expect(told).toBe(2)
})

verifies('CH-18', 'whether somebody may be told of resources takes nothing from their limits, and leaves no record', async () => {
  await using set = await stage()
  const asked = { token: await set.token('bot') }
  const before = await logOf(set.portcullis)
  for (let at = 0; at < 700; at++) expect(await mayBeTold(set.portcullis, asked, resource(`t://${at}`))).toBe(false)
  expect(await logOf(set.portcullis)).toBe(before)
  expect((await set.portcullis.list(asked)).kind).toBe('list')
})

test('CH-18: a stream that breaks is over', async () => {
  let over = 0
  const body = new ReadableStream({ pull() { throw new Error('broken') } })
  const response = whenOver(new Response(body, { headers: { 'content-type': 'text/event-stream' } }), () => { over += 1 })
  await expect(response.text()).rejects.toThrow('broken')
  expect(over).toBe(1)
})
