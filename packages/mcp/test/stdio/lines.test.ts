import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventsOf } from '../../src/stdio/events.ts'
import { linesOf } from '../../src/stdio/lines.ts'

const LIMIT = 8

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function all<T>(each: AsyncIterable<T>): Promise<T[]> {
  const kept: T[] = []
  for await (const one of each) kept.push(one)
  return kept
}

test('lines are the same however their bytes arrive; a long one is a gap and takes no other with it', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((line) => !line.includes('\n'))), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), fc.string({ maxLength: 4 }), async (lines, sizes, rest) => {
    const bytes = Buffer.from(`${lines.map((line) => `${line}\n`).join('')}${rest.replaceAll('\n', '')}`)
    const read = (await all(linesOf(cut(bytes, sizes), LIMIT))).map((line) => line?.toString())
    expect(read).toEqual(lines.map((line) => (Buffer.byteLength(line) > LIMIT ? undefined : line)))
  }))
})

test('events are the same however their bytes arrive', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.json()), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), async (said, sizes) => {
    const bytes = Buffer.from(said.map((data) => `: comment\n\nevent: message\ndata: ${data}\n\nid: 1\ndata:\n\n`).join(''))
    expect(await all(eventsOf(ReadableStream.from(cut(bytes, sizes)) as ReadableStream<Uint8Array>))).toEqual(said)
  }))
})
