import { expect, test } from 'vitest'
import type { AskKind } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { dispatch, type Answer } from '../src/dispatch.ts'
import { deployment } from './everything/deployment.ts'
import { everything } from './everything/everything.ts'

const ALL: readonly AskKind[] = ['elicitation', 'sampling', 'roots']
const STATEFUL = 'test_input_required_result_request_state'
const signal = new AbortController().signal

async function begun() {
  const set = await deployment(everything(() => undefined))
  const call = (token: string, params: Record<string, unknown>, askable = ALL): Promise<Answer> =>
    dispatch(set.portcullis, { id: 1, method: 'tools/call', params }, { kind: 'call', target: 'tool' }, { asked: { token, endpoint: { kind: 'tenant' } }, signal, askable })
  const ask = async (name = STATEFUL, sent: object = {}): Promise<string> => {
    const first = await call(set.token, { name, arguments: sent })
    if (first.kind !== 'asked' || first.state === undefined) throw new Error(JSON.stringify(first))
    return first.state
  }
  const records = async (): Promise<Record<string, unknown>[]> => {
    const lines: Record<string, unknown>[] = []
    for await (const line of set.portcullis.exportLog('northwind')) {
      try {
        lines.push(JSON.parse(Buffer.from(line).toString()) as Record<string, unknown>)
      } catch {}
    }
    return lines
  }
  return { ...set, call, ask, records, [Symbol.asyncDispose]: () => set.portcullis.close() }
}

const confirm = { confirm: { action: 'accept', content: { ok: true } } }

verifies(['CH-09', 'CH-12'], 'rounds of one call are one call: counted once, and tied together in the log', async () => {
  await using set = await begun()
  const state = await set.ask()
  expect(await set.portcullis.list({ token: set.token, endpoint: { kind: 'tenant' } })).toMatchObject({ calls: 0 })
  expect(await set.call(set.token, { name: STATEFUL, inputResponses: confirm, requestState: state })).toMatchObject({ kind: 'result', result: { content: [{ text: 'state-ok' }], _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } } })
  expect(await set.portcullis.list({ token: set.token, endpoint: { kind: 'tenant' } })).toMatchObject({ calls: 1 })
  const log = JSON.stringify(await set.records())
  const [first] = /"call":"(dec_[^"]+)"/.exec(log.replaceAll('\\', ''))?.slice(1) ?? []
  expect(log.replaceAll('\\', '')).toContain(`"continues":"${first}"`)
  expect(log.replaceAll('\\', '')).toContain('"status":"asked"')
})

verifies('input_invalid', 'SES-02: a state holds for its caller, reach, target and arguments, and not for ever; all else is one refusal', async () => {
  await using set = await begun()
  const state = await set.ask()
  const [salt, body] = state.split('.') as [string, string]
  const flipped = `${salt}.${body.startsWith('A') ? 'B' : 'A'}${body.slice(1)}`
  const attempts: [string, Record<string, unknown>][] = [
    [set.other, { requestState: state }], [set.rival, { requestState: state }], [set.token, { requestState: flipped }], [set.token, { requestState: `${state}A` }], [set.token, { requestState: `${salt}0.${body}` }],
    [set.token, { requestState: 'x' }], [set.token, { requestState: '' }], [set.token, { name: 'test_input_required_result_tampered_state', requestState: state }],
  ]
  const told = await Promise.all(attempts.map(([token, more]) => set.call(token, { name: STATEFUL, arguments: {}, inputResponses: confirm, ...more })))
  const bytes = told.map((answer) => JSON.stringify(answer).replaceAll(/dec_[\w-]+/g, 'dec'))
  expect(new Set(bytes).size).toBe(1)
  expect(told[0]).toMatchObject({ kind: 'refusal', error: { code: -32602, data: { gate: 'policy', code: 'input_invalid', effect: 'none' } } })
})

test('SES-02: a state is bound to the arguments, and ends after a quarter of an hour', async () => {
  await using set = await begun()
  const asked = await set.ask('test_elicitation', { message: 'A' })
  const again = (message: string, requestState: string) => set.call(set.token, { name: 'test_elicitation', arguments: { message }, inputResponses: { person: { action: 'decline' } }, requestState })
  expect(await again('B', asked)).toMatchObject({ kind: 'refusal', error: { code: -32602 } })
  expect(await again('A', asked)).toMatchObject({ kind: 'result', result: { content: [{ text: 'User response: action: decline, content: {}' }] } })
  set.pass(890_000)
  const late = (token: string) => set.call(token, { name: 'test_elicitation', arguments: { message: 'A' }, inputResponses: { person: { action: 'decline' } }, requestState: asked })
  expect(await late(await set.renew())).toMatchObject({ kind: 'result' })
  set.pass(10_001)
  expect(await late(await set.renew())).toMatchObject({ kind: 'refusal', error: { code: -32602 } })
})

test('what a client did not declare it is not asked, whatever the tool wants', async () => {
  await using set = await begun()
  expect(await set.call(set.token, { name: 'test_missing_capability' }, ['elicitation'])).toEqual({ kind: 'refusal', status: 400, headers: {}, error: { code: -32021, message: 'Missing required client capability', data: { requiredCapabilities: { sampling: {} } } } })
  expect(await set.call(set.token, { name: 'test_input_required_result_multiple_inputs' }, [])).toMatchObject({ error: { data: { requiredCapabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } } } })
})

test.each([null, 1, 'x', [], { a: null }, { a: 1 }])('answers of the form %j are malformed', async (inputResponses) => {
  await using set = await begun()
  expect(await set.call(set.token, { name: STATEFUL, inputResponses })).toMatchObject({ kind: 'refusal', status: 400, error: { code: -32602, data: { code: 'malformed' } } })
})
