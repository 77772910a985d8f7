import { expect } from 'vitest'
import type { AskKind } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { askableOf } from '../src/askable.ts'
import { dispatch, type Answer } from '../src/dispatch.ts'
import { humanToken, stage, url, type Stage } from './world.ts'

const signal = new AbortController().signal
const call = (set: Stage, token: string, params: object, askable: readonly AskKind[]): Promise<Answer> =>
  dispatch(set.portcullis, { id: 1, method: 'tools/call', params: { name: 'psa.wipe', arguments: { id: 1 }, ...params } }, { kind: 'call', target: 'tool' }, { asked: { token }, signal, askable })
const denial = (code: string) => ({ kind: 'result', result: { isError: true, content: [{ text: expect.stringContaining(`code ${code}`) }], _meta: { 'dev.portcullis/denial': { code, approvalId: expect.stringMatching(/^apr_/) } } } })

verifies(['AP-06', 'approval_required', 'approval_pending'], 'a hold is linked to once, for a client that opens links; later rounds and repetitions are told', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  const first = await call(set, token, {}, ['elicitation_url'])
  expect(first).toEqual({ kind: 'asked', requests: { approval: { method: 'elicitation/create', params: { mode: 'url', message: expect.any(String), url: expect.stringMatching(new RegExp(`^${url}/approvals/apr_[\\w-]+/status$`)) } } } })
  for (let round = 0; round < 3; round++) expect(await call(set, token, { inputResponses: { approval: { action: 'accept' } } }, ['elicitation_url'])).toMatchObject(denial('approval_pending'))
  expect(await call(set, token, {}, ['elicitation_url'])).toMatchObject(denial('approval_pending'))
  expect(set.jobs).toEqual([])
  const id = /apr_[\w-]+/.exec(JSON.stringify(first))![0]
  expect(await set.portcullis.approvals.vote({ token: humanToken('bo') }, id, { decision: 'approve', reason: 'fine' })).toMatchObject({ state: 'granted' })
  expect(await call(set, token, { inputResponses: { approval: { action: 'cancel' } } }, ['elicitation_url'])).toMatchObject({ kind: 'result', result: { structuredContent: {} } })
  expect(set.jobs).toHaveLength(1)
})

verifies('approval_required', 'every other client is told with the approval’s id, and a client’s accept approves nothing', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  expect(await call(set, token, {}, ['elicitation', 'sampling'])).toMatchObject(denial('approval_required'))
  expect(await call(set, token, { arguments: { id: 1, why: 'x' }, inputResponses: { approval: { action: 'accept' } } }, ['elicitation_url'])).toMatchObject(denial('approval_required'))
  expect(set.jobs).toEqual([])
})

verifies('CH-14', 'what a client can be asked is what it declared, in both eras', () => {
  expect(askableOf({ elicitation: {} })).toEqual(['elicitation'])
  expect(askableOf({ elicitation: { url: {} } })).toEqual(['elicitation_url'])
  expect(askableOf({ elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } })).toEqual(['elicitation', 'elicitation_url', 'sampling', 'roots'])
  for (const nothing of [undefined, null, [], 'elicitation', { elicitation: true }, { sampling: 1 }]) expect(askableOf(nothing)).toEqual([])
})
