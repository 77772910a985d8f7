import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkpoint } from '../../core/src/audit/checkpointer.ts'
import { leafHash } from '../../core/src/audit/leaf.ts'
import { formatVerifierKey, signNote } from '../../core/src/audit/note.ts'
import { verifyLog } from '../src/index.ts'
import { chunks, exported, key, lineOf, MemoryLog, ORIGIN, sampleLog, signingKey, split, verified, vkey } from './sample.ts'

const RECORDS = 200
let small: Buffer
let large: Buffer
let largeLog: MemoryLog

beforeAll(async () => {
  small = await exported(await sampleLog([RECORDS]))
  largeLog = await sampleLog([300, 400], 20)
  large = await exported(largeLog)
})

describe('a log as it was written', () => {
  test('AU-05: is valid, whatever its size and however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 3 }), fc.nat({ max: 300 }), fc.integer({ min: 1, max: 9000 }), async (steps, tail, cut) => {
        const log = await sampleLog(steps, tail)
        const file = await exported(log)
        const parts = Array.from({ length: Math.ceil(file.length / cut) }, (_, n) => file.subarray(n * cut, (n + 1) * cut))
        for (const { note } of log.checkpoints) {
          expect(await verifyLog(chunks(...parts), { key: vkey, checkpoint: note })).toEqual({ verdict: 'valid', size: log.records.length, covered: log.records.length - tail })
        }
      }),
      { numRuns: 15 },
    )
    const byLine = split(small).map((line) => line.toString())
    expect(await verifyLog(chunks(...byLine), { key: vkey })).toEqual({ verdict: 'valid', size: RECORDS, covered: RECORDS })
  })

  test('without any checkpoint it is incomplete, not valid; a pinned one binds what it covers', async () => {
    const log = await sampleLog([], 10)
    expect(await verified(await exported(log))).toMatchObject({ verdict: 'incomplete', size: 10, covered: 0, problem: { code: 'checkpoint_missing' } })
    expect(await verified(await exported(await sampleLog([])))).toMatchObject({ verdict: 'incomplete', problem: { code: 'checkpoint_missing' } })
    const bare = await exported(log)
    const [made] = [await checkpoint(log, { origin: ORIGIN, key, now: 1 })]
    expect(await verified(bare, made!.note)).toEqual({ verdict: 'valid', size: 10, covered: 10 })
  })

  test('AUD-05: bytes are hashed as they are stored: odd but equal spellings, doubled members and any normal form verify, and differ', async () => {
    const log = new MemoryLog()
    const texts = ['{"a":"\\u0061","seq":0}', '{"seq":1,"n":-0,"m":1e0}', '{"a":1,"a":2,"seq":2}', '{"seq":3,"x":"\\ud800"}', ' {"x":"e\u0301","seq":4.0}', '{"seq":5,"__proto__":{"seq":9}}']
    for (const [seq, text] of texts.entries()) {
      log.records.push({ seq, at: 0, bytes: Buffer.from(text) })
      log.stored.push(leafHash(Buffer.from(text)))
    }
    await checkpoint(log, { origin: ORIGIN, key, now: 1 })
    const file = (await exported(log)).toString()
    expect(await verified(Buffer.from(file))).toMatchObject({ verdict: 'valid', covered: 6 })
    const respelled: [string, string, number][] = [['\\u0061', 'a', 0], ['-0', '0', 1], ['1e0', '1', 1], ['"a":1,', '', 2], ['e\u0301', '\u00e9', 4], ['4.0', '4', 4]]
    for (const [from, to, record] of respelled) {
      expect(await verified(Buffer.from(file.replace(from, to))), from).toMatchObject({ verdict: 'invalid', problem: { code: 'record_altered', record } })
    }
  })

  test('a record that does not stand where it says is refused even if it was signed', async () => {
    for (const [text, code] of [['{"seq":3}', 'record_out_of_sequence'], ['{"seq":"1"}', 'record_out_of_sequence'], ['{}', 'record_out_of_sequence'], ['[1]', 'record_malformed'], ['{"seq":1', 'record_malformed'], ['\ufeff{"seq":1}', 'record_malformed'], ['', 'record_malformed'], [Buffer.from([0x7b, 0xff, 0x7d]), 'record_malformed']] as const) {
      const log = await sampleLog([], 3)
      log.records[1] = { ...log.records[1]!, bytes: Buffer.from(text as string) }
      log.stored[1] = leafHash(Buffer.from(text as string))
      await checkpoint(log, { origin: ORIGIN, key, now: 1 })
      expect(await verified(await exported(log)), String(text)).toMatchObject({ verdict: 'invalid', problem: { code, record: 1 } })
    }
  })
})

describe('a single altered byte', () => {
  /**
   * Which record an altered byte of the file belongs to, a listed hash counting as its record, any other place in a tile's line as its first
   * record; undefined for header and checkpoint.
   */
  function owner(file: Buffer, at: number, by: number): number | undefined {
    const lines = split(file)
    let start = 0
    let number = 0
    while (at >= start + lines[number]!.length) start += lines[number++]!.length
    const tile = Math.floor((number - 1) / 257)
    if (number === 0 || number === lines.length - 1) return undefined
    if ((number - 1) % 257 !== 0) return number - 2 - tile
    const altered = Buffer.from(lines[number]!)
    altered[at - start]! ^= by
    const leaves = (line: Buffer) => Buffer.from(/"leaves":"([A-Za-z0-9+/]*=*)"}\n$/.exec(line.toString())?.[1] ?? '', 'base64')
    const [before, after] = [leaves(lines[number]!), leaves(altered)]
    const differing = before.length === after.length ? before.findIndex((byte, index) => byte !== after[index]) : 0
    return tile * 256 + Math.floor(Math.max(0, differing) / 32)
  }

  async function flipped(file: Buffer, at: number, by: number) {
    const copy = Buffer.from(file)
    copy[at]! ^= by
    return verified(copy)
  }

  test('AUD-01: wherever it is in a file of 200 records, is noticed, and the record is named', async () => {
    const places = Array.from({ length: Math.floor(small.length / 31) }, (_, n) => n * 31)
    // Around every line end, and all of the last line, where the signature is.
    const edges = split(small).reduce<number[]>((ends, line) => [...ends, (ends.at(-1) ?? -1) + line.length], [])
    const last = Array.from({ length: edges.at(-1)! - edges.at(-2)! }, (_, n) => edges.at(-2)! + 1 + n)
    for (const at of new Set([...places, ...edges, ...edges.slice(0, -1).map((end) => end + 1), ...last])) {
      const verdict = await flipped(small, at, 1 << (at % 8))
      const expected = owner(small, at, 1 << (at % 8))
      if (verdict.verdict === 'valid') expect.fail(`byte ${at} was altered unnoticed`)
      if (expected !== undefined && verdict.problem?.record !== expected) expect.fail(`byte ${at}: expected ${expected}, got ${JSON.stringify(verdict)}`)
      if (at > edges.at(-2)! && at < edges.at(-1)! && verdict.problem?.record !== undefined) expect.fail(`byte ${at} is of no record, got ${JSON.stringify(verdict)}`)
    }
    expect(places.length).toBeGreaterThan(500)
  })

  test('AUD-01: any other byte value, also in the tail, in the listed hashes and across tiles', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: large.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const verdict = await flipped(large, at, by)
        expect(verdict.verdict).not.toBe('valid')
        const expected = owner(large, at, by)
        if (expected !== undefined) expect(verdict.problem?.record).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })

  test('AUD-01: in a listed hash it is the list that is blamed, and the records are said to be whole', async () => {
    const at = large.indexOf('"leaves":"') + 10 + 43 * 100
    expect(await flipped(large, at, 1)).toMatchObject({ verdict: 'invalid', covered: 700, problem: { code: 'tile_altered', record: 100 } })
    expect(await flipped(large, large.indexOf('"hash":"') + 12, 1)).toMatchObject({ verdict: 'invalid', covered: 700, problem: { code: 'tile_altered', record: 0 } })
  })
})

describe('records edited, removed, moved, doubled, inserted', () => {
  const edit = (change: (lines: Buffer[]) => void, file = large) => {
    const lines = split(file)
    change(lines)
    return Buffer.concat(lines)
  }
  const record = fc.nat({ max: 719 })

  test('AUD-01: the first place that differs is named', async () => {
    const insert = Buffer.from('{"what":"never happened","seq":9}\n')
    await fc.assert(
      fc.asyncProperty(record, record, async (one, two) => {
        const [a, b] = one < two ? [lineOf(one), lineOf(two)] : [lineOf(two), lineOf(one)]
        const first = Math.min(one, two)
        const edits: [string, (lines: Buffer[]) => void, number][] = [
          ['removed', (lines) => lines.splice(a, 1), first],
          ['doubled', (lines) => lines.splice(a, 0, lines[a]!), first + 1],
          ['inserted', (lines) => lines.splice(a, 0, insert), first],
          ['replaced', (lines) => (lines[a] = insert), first],
          ...(a === b ? [] : [['swapped', (lines: Buffer[]) => ([lines[a], lines[b]] = [lines[b]!, lines[a]!]), first] as [string, (lines: Buffer[]) => void, number]]),
          ...(a === b ? [] : [['moved', (lines: Buffer[]) => lines.splice(a, 0, ...lines.splice(b, 1)), first] as [string, (lines: Buffer[]) => void, number]]),
        ]
        for (const [name, change, expected] of edits) {
          const verdict = await verified(edit(change))
          expect(verdict.verdict, name).toBe('invalid')
          // A line too many at the end of a tile is met as the next tile, or as the checkpoint.
          if (!(name === 'doubled' && (expected % 256 === 0 || expected === 720))) expect(verdict.problem, name).toMatchObject({ code: 'record_altered', record: expected })
        }
      }),
      { numRuns: 12 },
    )
  })

  test('AUD-01: whole tiles removed, swapped or doubled are named by their first record', async () => {
    const tile = 257
    const named = async (change: (lines: Buffer[]) => void) => (await verified(edit(change))).problem
    expect(await named((lines) => lines.splice(1, tile))).toMatchObject({ code: 'tile_malformed', record: 0 })
    expect(await named((lines) => lines.splice(1 + tile, 0, ...lines.slice(1, 1 + tile)))).toMatchObject({ code: 'tile_malformed', record: 256 })
    expect(await named((lines) => lines.push(...lines.splice(1, tile)))).toMatchObject({ code: 'tile_malformed', record: 0 })
  })

  test('AUD-01: a record rewritten in the store is named by tile, with its hash rewritten too; and not named where the stored tree was rewritten as well', async () => {
    const rewrite = async (seq: number, deep: boolean) => {
      const log = await sampleLog([300, 400], 20)
      const bytes = Buffer.from(`{"what":"nothing","seq":${seq}}`)
      log.records[seq] = { ...log.records[seq]!, bytes }
      log.stored[seq] = leafHash(bytes)
      if (deep) {
        const other = new MemoryLog()
        other.records = log.records
        other.stored = log.stored
        await checkpoint(other, { origin: ORIGIN, key: signingKey(99), now: 1 })
        log.tree = other.tree
      }
      return verified(await exported(log), log.checkpoints[0]!.note)
    }
    expect(await rewrite(400, false)).toMatchObject({ verdict: 'invalid', covered: 300, problem: { code: 'records_replaced', record: 256 } })
    expect(await rewrite(400, true)).toMatchObject({ verdict: 'invalid', covered: 300, problem: { code: 'root_mismatch' } })
    expect(await rewrite(600, false)).toMatchObject({ verdict: 'invalid', covered: 300, problem: { code: 'root_mismatch' } })
    // A record whose stored hash was left alone is named exactly.
    const log = await sampleLog([300])
    log.records[123] = { ...log.records[123]!, bytes: Buffer.from('{"seq":123}') }
    expect(await verified(await exported(log))).toMatchObject({ verdict: 'invalid', problem: { code: 'record_altered', record: 123 } })
  })

  test('AUD-06: characters moved over the border of two records, and two records joined into one, are noticed', async () => {
    const text = small.toString()
    const seam = text.indexOf('"seq":5,')
    expect(await verified(Buffer.from(`${text.slice(0, seam)} ${text.slice(seam)}`))).toMatchObject({ problem: { record: 5 } })
    expect(await verified(edit((lines) => lines.splice(lineOf(5), 2, Buffer.concat([lines[lineOf(5)]!.subarray(0, -1), lines[lineOf(6)]!])), small))).toMatchObject({ problem: { record: 5 } })
    // A pair of hashes presented as a record, a record presented as a tile.
    expect(await verified(edit((lines) => (lines[lineOf(5)] = lines[1]!), small))).toMatchObject({ problem: { record: 5 } })
    expect(await verified(edit((lines) => (lines[1] = lines[lineOf(0)]!), small))).toMatchObject({ problem: { code: 'tile_malformed' } })
  })
})

describe('the end of the log', () => {
  /** What an operator makes of a log whose end is to disappear: cut, and signed by nobody new. */
  async function cut(to: number, at: number) {
    const log = await sampleLog([300, 400], 20)
    log.records.splice(to)
    log.stored.splice(to)
    log.checkpoints.splice(at)
    log.tree[8].splice(Math.floor((log.checkpoints.at(-1)?.size ?? 0) / 256))
    return exported(log)
  }

  test('AUD-02: a cut tail is noticed against a pinned checkpoint, and the first missing record is named', async () => {
    const pinned = largeLog.checkpoints[1]!.note
    expect(await verified(await cut(300, 1), pinned)).toMatchObject({ verdict: 'invalid', covered: 300, problem: { code: 'tail_cut', record: 300 } })
    expect(await verified(await cut(699, 1), pinned)).toMatchObject({ verdict: 'invalid', problem: { code: 'tail_cut', record: 699 } })
  })

  test('AUD-02: without a pinned checkpoint a cut tail is NOT noticed, and neither is a cut in what no checkpoint covers: nothing in the file could tell', async () => {
    expect(await verified(await cut(300, 1))).toEqual({ verdict: 'valid', size: 300, covered: 300 })
    expect(await verified(await cut(710, 2), largeLog.checkpoints[1]!.note)).toEqual({ verdict: 'valid', size: 710, covered: 700 })
    const log = await sampleLog([300], 5)
    const bytes = Buffer.from('{"rewritten":true,"seq":302}')
    log.records[302] = { ...log.records[302]!, bytes }
    log.stored[302] = leafHash(bytes)
    expect(await verified(await exported(log))).toEqual({ verdict: 'valid', size: 305, covered: 300 })
  })

  test('AUD-02: a file that ends early is incomplete, wherever it ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: small.length - 1 }), async (length) => {
        const { verdict, problem, size } = await verified(small.subarray(0, length))
        expect([verdict, problem?.code]).toEqual(['incomplete', 'file_truncated'])
        if (size > 0) expect(problem?.record).toBe(size)
      }),
    )
    expect(await verified(small.subarray(0, split(small)[0]!.length))).toMatchObject({ size: 0, problem: { code: 'file_truncated', record: 0 } })
    expect(await verified(Buffer.concat([small, Buffer.from('{}')]))).toMatchObject({ verdict: 'incomplete', problem: { code: 'file_truncated' } })
    expect(await verified(Buffer.concat([small, Buffer.from('{}\n')]))).toMatchObject({ verdict: 'invalid', problem: { code: 'trailing_data' } })
  })
})

describe('another history, another key', () => {
  test('AUD-03: two histories signed by the same key cannot both agree with one pinned checkpoint', async () => {
    const fork = await sampleLog([300, 400], 0, (seq) => ({ what: seq < 299 ? 'call' : 'fork', who: 'ann', note: 'é\n"' }))
    expect(await verified(await exported(fork))).toMatchObject({ verdict: 'valid' })
    for (const { note } of largeLog.checkpoints) {
      expect(await verified(await exported(fork), note)).toMatchObject({ verdict: 'invalid', covered: 700, problem: { code: 'history_forked' } })
    }
    const other = fork.checkpoints[1]!.note
    expect(await verified(large, other)).toMatchObject({ verdict: 'invalid', problem: { code: 'history_forked' } })
  })

  test('AUD-04: only the pinned key counts, never the one in the file', async () => {
    const thief = signingKey(66)
    const log = await sampleLog([], 5)
    await checkpoint(log, { origin: ORIGIN, key: thief, now: 1 })
    expect(await verified(await exported(log, thief.publicKey))).toMatchObject({ verdict: 'invalid', problem: { code: 'key_not_pinned' } })
    expect(await verified(await exported(log))).toMatchObject({ verdict: 'invalid', covered: 0, problem: { code: 'checkpoint_unsigned' } })
    expect(await verified(small, log.checkpoints[0]!.note)).toMatchObject({ verdict: 'incomplete', problem: { code: 'pinned_invalid' } })
  })

  test('AUD-04: a pinned key of small order, not canonical, or with a wrong id is refused', async () => {
    const identity = Buffer.concat([Uint8Array.of(1), Buffer.alloc(31)])
    const bad = [identity, Buffer.alloc(32), Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'), Buffer.alloc(32, 0xff), key.publicKey.subarray(1)]
    const { createHash } = await import('node:crypto')
    for (const publicKey of bad) {
      const typed = Buffer.concat([Uint8Array.of(1), publicKey])
      const id = createHash('sha256').update(`${ORIGIN}\n`).update(typed).digest('hex').slice(0, 8)
      expect(await verifyLog(chunks(small), { key: `${ORIGIN}+${id}+${typed.toString('base64')}` })).toMatchObject({ verdict: 'incomplete', problem: { code: 'key_invalid' } })
    }
    for (const text of ['', 'x', vkey.replace('t-7', 't-8'), `${vkey}=`]) expect((await verifyLog(chunks(small), { key: text })).problem?.code).toBe('key_invalid')
  })

  test('AUD-11: the log of another tenant under the same key is another log', async () => {
    const other = `${ORIGIN}b`
    const log = await sampleLog([], 5)
    await checkpoint(log, { origin: other, key, now: 1 })
    expect((await verified(await exported(log, key.publicKey, other))).problem?.code).toBe('key_not_pinned')
    // The other tenant's checkpoint body, carried over and signed under this log's name, still names its own log.
    const note = await signNote(log.checkpoints[0]!.note.split('\n\n')[0]! + '\n', [{ name: ORIGIN, key }])
    log.checkpoints[0] = { ...log.checkpoints[0]!, note }
    expect((await verified(await exported(log))).problem?.code).toBe('origin_mismatch')
    expect(formatVerifierKey({ name: other, publicKey: key.publicKey })).not.toBe(vkey)
  })

  test('AUD-05: the lines between the records have one spelling', async () => {
    const respelled = async (number: number, from: string | RegExp, to: string) => {
      const lines = split(small)
      const text = lines.at(number)!.toString()
      expect(text.replace(from, to)).not.toBe(text)
      lines.splice(number < 0 ? lines.length + number : number, 1, Buffer.from(text.replace(from, to)))
      return (await verified(Buffer.concat(lines))).problem?.code
    }
    for (const [from, to] of [['{', '{ '], [/}\n$/, ',"more":1}\n'], ['{"tile":0', '{"tile":9,"tile":0'], ['tile', '\\u0074ile'], ['0', '0.0'], ['"tile":0', '"tile":0,"hash":"AA=="'], [/}\n$/, '}\r\n']] as const) {
      expect(await respelled(1, from, to), to).toBe('tile_malformed')
    }
    expect(await respelled(-1, '{', '{"checkpoint":null,')).toBe('checkpoint_malformed')
    expect(await respelled(-1, '\u2014', '\\u2014')).toBe('checkpoint_malformed')
    expect(await respelled(0, '"from"', '"size":200,"from"')).toBe('header_altered')
  })

  test('witness lines beside ours change nothing', async () => {
    const log = await sampleLog([5])
    const witness = `\u2014 witness.example ${Buffer.alloc(76, 3).toString('base64')}\n`
    log.checkpoints[0] = { ...log.checkpoints[0]!, note: log.checkpoints[0]!.note + witness }
    expect(await verified(await exported(log))).toMatchObject({ verdict: 'valid', covered: 5 })
  })
})

describe('hostile files', () => {
  test('AUD-11: a line without end is refused before it is held, whatever follows', async () => {
    let given = 0
    async function* endless() {
      yield small.subarray(0, small.indexOf('{"what"'))
      while (given < 4_000_000) {
        given += 65_536
        yield Buffer.alloc(65_536, 0x20)
      }
    }
    expect(await verifyLog(endless(), { key: vkey })).toMatchObject({ verdict: 'invalid', problem: { code: 'line_too_long', record: 0 } })
    expect(given).toBeLessThan(1_200_000)
  })

  test('AUD-11: headers that promise too much, too little or something else are refused', async () => {
    const [header, ...rest] = split(small)
    const withHeader = (change: object) => Buffer.concat([Buffer.from(`${JSON.stringify({ ...(JSON.parse(header!.toString()) as object), ...change })}\n`), ...rest])
    const codeOf = async (change: object) => (await verified(withHeader(change))).problem?.code
    expect(await codeOf({})).toBeUndefined()
    expect(await codeOf({ size: 201 })).toBe('tile_malformed')
    expect(await codeOf({ size: 199 })).toBe('header_altered')
    expect(await codeOf({ covered: 199 })).toBe('header_altered')
    expect(await codeOf({ covered: 0 })).toBe('header_altered')
    expect(await codeOf({ size: 1e15 })).toBe('header_altered')
    expect(await codeOf({ from: 1 })).toBe('not_from_start')
    expect(await codeOf({ format: 'portcullis-log/2' })).toBe('format_unknown')
    expect(await codeOf({ origin: 'x' })).toBe('origin_mismatch')
    expect(await codeOf({ more: 1 })).toBe('header_altered')
    expect((await verified(Buffer.from('not json\n'))).problem?.code).toBe('header_altered')
    expect((await verified(Buffer.alloc(0))).problem?.code).toBe('file_truncated')
  })

  test('arbitrary bytes never throw and are never valid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: small.length }), async (noise, at) => {
        expect((await verified(noise)).verdict).not.toBe('valid')
        if (noise.length > 0) expect((await verified(Buffer.concat([small.subarray(0, at), noise, small.subarray(at)]))).verdict).not.toBe('valid')
      }),
    )
  })

  test('closes the file however early it stops', async () => {
    let closed = 0
    async function* source(file: Buffer) {
      try {
        for (let at = 0; at < file.length; at += 100) yield file.subarray(at, at + 100)
      } finally {
        closed++
      }
    }
    await verifyLog(source(small), { key: vkey })
    await verifyLog(source(Buffer.concat([Buffer.from('no header\n'), small])), { key: vkey })
    expect(closed).toBe(2)
  })

  test('an error of the source itself passes through', async () => {
    async function* broken() {
      yield small.subarray(0, 100)
      throw new Error('disk')
    }
    await expect(verifyLog(broken(), { key: vkey })).rejects.toThrow('disk')
  })
})
