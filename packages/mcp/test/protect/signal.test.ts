import { getEventListeners } from 'node:events'
import type { Call, Portcullis, ToolRun } from '@portcullis/core'
import { expect, test } from 'vitest'
import { callThrough } from '../../src/protect/call.ts'
import { Connection } from '../../src/protect/connection.ts'
import { takeContinuation } from '../../src/protect/continuations.ts'
import type { Handler } from '../../src/protect/sdk.ts'

const signalIn = (context: unknown): AbortSignal => (context as { mcpReq: { signal: AbortSignal } }).mcpReq.signal

/** One call whose gates all pass, of a client whose signal is `gone`. */
function through(gone: AbortSignal | undefined, original: Handler, enforce = goOn): Promise<unknown> {
  const message = { id: 1, method: 'tools/call', params: { name: 'list', arguments: {} } }
  return callThrough({
    portcullis: { url: 'https://mcp.example.com', enforce } as unknown as Portcullis, connection: new Connection(async () => undefined), message, request: message,
    context: { mcpReq: { id: 1, signal: gone } }, original, asked: {}, caller: { tenant: 'north', principal: 'bot' }, carrier: 'stateless',
  }, 'tool')
}

const runOf = ({ signal }: Call): ToolRun => ({ input: {}, customer: undefined, vendor: undefined as never, signal: signal as AbortSignal, callId: 'dec_1' })

async function goOn(call: Call): Promise<unknown> {
  const value = await takeContinuation(call.signal as AbortSignal)?.(runOf(call), { risk: 'read', tasks: false })
  return { kind: 'result', raw: true, text: JSON.stringify(value), decisionId: 'dec_1' }
}

test('whoever goes away ends the call with the same reason, and only then', async () => {
  const gone = new AbortController()
  const reason = new Error('gone')
  const seen: unknown[] = []
  await through(gone.signal, (_, context) => {
    const signal = signalIn(context)
    seen.push(signal.aborted)
    gone.abort(reason)
    seen.push(signal.aborted, signal.reason)
    return {}
  })
  expect(seen).toEqual([false, true, reason])
})

test('a call of somebody who was gone before it began has ended', async () => {
  const reason = new Error('gone')
  let seen: unknown
  await through(AbortSignal.abort(reason), (_, context) => {
    seen = signalIn(context).reason
    return {}
  })
  expect(seen).toBe(reason)
})

test('no call leaves a listener on the signal of its client, whatever became of it', async () => {
  const gone = new AbortController()
  let during = 0
  const answer: Handler = () => {
    during = Math.max(during, getEventListeners(gone.signal, 'abort').length)
    return {}
  }
  for (let index = 0; index < 20; index++) await through(gone.signal, answer)
  const broken = async (): Promise<never> => { throw new Error('broken') }
  await expect(through(gone.signal, answer, broken)).rejects.toThrow('broken')
  await expect(through(gone.signal, broken)).rejects.toThrow('broken')
  expect(during).toBe(1)
  expect(getEventListeners(gone.signal, 'abort')).toEqual([])
  await through(undefined, answer)
})
