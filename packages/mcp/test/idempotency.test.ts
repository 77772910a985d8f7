import { expect } from 'vitest'
import type { DispatchAnswer } from '@portcullis/core/ports'
import { verifies } from '@portcullis/test-support'
import { dispatch, type Answer } from '../src/dispatch.ts'
import { logOf, stage, type Stage } from './world.ts'

const signal = new AbortController().signal
const keyed = (key: unknown) => ({ _meta: { 'dev.portcullis/idempotency-key': key } })
const call = (set: Stage, token: string, params: object, abort: AbortSignal = signal): Promise<Answer> =>
  dispatch(set.portcullis, { id: 1, method: 'tools/call', params: { name: 'psa.close', arguments: { id: 1 }, ...params } }, { kind: 'call', target: 'tool' }, { asked: { token }, signal: abort, askable: [] })
/** Without what differs on every call. */
const bytes = (answer: Answer): string => JSON.stringify(answer).replaceAll(/dec_[\w-]+/g, 'dec')
const denied = (code: string, effect: string): object => ({ kind: 'result', result: { isError: true, content: [{ text: expect.stringContaining(`code ${code}`) }], _meta: { 'dev.portcullis/denial': { gate: 'dispatch', code, effect, retryable: false } } } })

verifies(['CH-14', 'CH-09', 'idempotency_conflict'], 'QUO-03: a client that timed out and a relay that delivers twice: dispatched and counted once, and the same bytes but for the decision', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  let answer: (answer: DispatchAnswer) => void = () => undefined
  const asked = new Promise<void>((reached) => {
    set.answer = () => new Promise((resolve) => {
      answer = resolve
      reached()
    })
  })
  const timedOut = call(set, token, keyed('close-1'))
  await asked
  expect(await call(set, token, keyed('close-1'))).toMatchObject(denied('idempotency_conflict', 'unknown'))
  answer({ kind: 'succeeded', value: {} })
  const first = await timedOut
  expect(first).toMatchObject({ kind: 'result', result: { structuredContent: {} } })
  const again = await Promise.all(Array.from({ length: 3 }, () => call(set, token, keyed('close-1'))))
  for (const one of again) expect(bytes(one)).toBe(bytes(first))
  expect(new Set([first, ...again].map((one) => JSON.stringify(one))).size).toBe(4)
  const list = await set.portcullis.list({ token })
  expect([set.jobs.length, list.kind === 'list' && list.calls]).toEqual([1, 1])
  const log = (await logOf(set.portcullis)).split('\n').filter((line) => line.includes('"kind":"repeat"'))
  expect(log).toHaveLength(1)
  expect(log[0]).toContain(`"repeats":"${/dec_[\w-]+/.exec(JSON.stringify(first))![0]}"`)
})

verifies(['CH-14', 'idempotency_conflict'], 'a denial comes again with its effect; another call with the key is told so, without the key', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  set.answer = async () => ({ kind: 'failed', failure: 'unavailable', sent: true })
  const first = await call(set, token, keyed('close-1'))
  expect(first).toMatchObject(denied('connector_failed', 'unknown'))
  expect(bytes(await call(set, token, keyed('close-1')))).toBe(bytes(first))
  const other = await call(set, token, { name: 'psa.wipe', ...keyed('close-1') })
  expect(other).toMatchObject(denied('idempotency_conflict', 'none'))
  expect(JSON.stringify(other)).not.toContain('close-1')
  expect(set.jobs).toHaveLength(1)
})

verifies(['CH-14', 'malformed', 'input_invalid'], 'a key that is no text is malformed; text that is none is refused at gate 8; other targets do not read it', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  for (const key of [null, 7, true, {}, ['a']]) expect(await call(set, token, keyed(key))).toMatchObject({ kind: 'refusal', error: { code: -32602, data: { code: 'malformed' } } })
  for (const key of ['', 'a b', 'ü', 'x'.repeat(256)]) expect(await call(set, token, keyed(key))).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { gate: 'policy', code: 'input_invalid', effect: 'none' } } } })
  expect(set.jobs).toEqual([])
  expect(await dispatch(set.portcullis, { id: 1, method: 'prompts/get', params: { name: 'greet', ...keyed(7) } }, { kind: 'call', target: 'prompt' }, { asked: { token }, signal, askable: [] })).toMatchObject({ error: { message: 'Unknown prompt' } })
  for (let round = 0; round < 2; round++) expect(await call(set, token, { name: 'psa.list', arguments: {}, ...keyed('a') })).toMatchObject({ result: { structuredContent: { tickets: expect.any(Array) } } })
  expect(set.jobs).toHaveLength(2) // reads are sent, whatever the key
})

verifies('CH-14', 'a client that goes away leaves the outcome for its next attempt', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  const gone = new AbortController()
  set.answer = async (job) => {
    gone.abort()
    return { kind: 'failed', failure: 'cancelled', sent: job.signal.aborted }
  }
  expect(await call(set, token, keyed('close-1'), gone.signal)).toMatchObject(denied('cancelled', 'unknown'))
  set.answer = async () => ({ kind: 'succeeded', value: {} })
  expect(await call(set, token, keyed('close-1'))).toMatchObject(denied('cancelled', 'unknown'))
  expect(set.jobs).toHaveLength(1)
})
