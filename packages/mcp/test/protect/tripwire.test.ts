import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { TransportLike } from '../../src/protect/sdk.ts'
import { Guarded, watchAnswers } from '../../src/protect/tripwire.ts'

function watched() {
  const sent: unknown[] = []
  const past: boolean[] = []
  const transport: TransportLike = { send: async (message: unknown) => void sent.push(message) }
  const guarded = new Guarded()
  const send = watchAnswers(transport, guarded, (went) => { past.push(went) })
  return { sent, transport, guarded, send, past, leaks: () => past.length }
}

const WITHHELD = { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'Internal error' } }

verifies('EM-01', 'MCP-05: a success that the guard never saw, or saw answered before, is withheld and heard of', async () => {
  const { sent, transport, guarded, leaks } = watched()
  guarded.saw(1)
  for (let times = 0; times < 2; times++) await transport.send({ jsonrpc: '2.0', id: 1, result: { times } })
  await transport.send({ jsonrpc: '2.0', id: '1', result: {} })
  await transport.send({ jsonrpc: '2.0', id: 1, method: 'disguised', result: {} })
  expect(sent).toEqual([{ jsonrpc: '2.0', id: 1, result: { times: 0 } }, WITHHELD, { ...WITHHELD, id: '1' }, WITHHELD])
  expect(leaks()).toBe(3)
  await expect(transport.send([{ jsonrpc: '2.0', id: 1, result: {} }])).rejects.toThrow('several messages at once')
})

test('errors, notes and questions pass, and an error takes nothing from the request that it names', async () => {
  const { sent, transport, guarded, leaks } = watched()
  guarded.saw(1)
  const messages = [{ id: 1, error: {} }, { id: 1, result: {} }, { method: 'note' }, { id: 7, method: 'question' }, { id: 9, error: {} }]
  for (const message of messages) await transport.send(message)
  expect(sent).toEqual(messages)
  expect(leaks()).toBe(0)
})

verifies('EM-01', 'MCP-05: past the guard went what came, was never shown to it and succeeds all the same; other answers are the server\'s own', async () => {
  const { transport, guarded, past } = watched()
  const ask = (id: number): void => transport.onmessage?.({ jsonrpc: '2.0', id, method: 'tools/call' })
  const answer = (id: number, rest: object = { result: {} }): Promise<void> => transport.send({ jsonrpc: '2.0', id, ...rest })
  ask(1)
  await answer(1) // never shown to the guard
  await answer(1) // a second time
  ask(2)
  guarded.saw(2)
  await answer(2)
  await answer(2)
  ask(3)
  await answer(3, { error: {} }) // refused by the SDK itself
  await answer(3)
  transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: {} })
  await answer(4)
  for (let times = 0; times < 2; times++) ask(5)
  guarded.saw(5) // one of both
  await answer(5)
  await answer(5)
  await answer(5)
  expect(past).toEqual([true, false, false, false, false, true, false])
})

test('an id is of one running request, until that is through or its client cancelled it', async () => {
  const { transport, guarded, leaks } = watched()
  const [first, second] = [new AbortController(), new AbortController()]
  expect([guarded.saw(1, first.signal), guarded.saw(1, second.signal), guarded.saw('1', second.signal)]).toEqual([true, false, true])
  first.abort()
  expect(guarded.saw(1, second.signal)).toBe(true)
  guarded.ran(1, first.signal)
  expect(guarded.saw(1)).toBe(false)
  guarded.take(1) // for what was cancelled, nothing is sent
  await transport.send({ id: 1, result: {} })
  expect(leaks()).toBe(0)
  guarded.ran(1, second.signal)
  expect(guarded.saw(1)).toBe(true)
})

test('a transport that is used again is watched for its new connection alone', async () => {
  const { sent, transport } = watched()
  const again = new Guarded()
  watchAnswers(transport, again, () => { throw new Error('no leak') })
  again.saw(1)
  await transport.send({ id: 1, result: {} })
  expect(sent).toEqual([{ id: 1, result: {} }])
})
