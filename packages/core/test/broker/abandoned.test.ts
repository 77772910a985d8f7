import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Tool, ToolRun } from '../../src/connectors/connector.ts'
import type { OwnTarget } from '../../src/connectors/own.ts'
import { withOwn } from '../../src/broker/own.ts'
import { dispatch, hurried, jobOf } from './stage.ts'

const url = 'http://127.0.0.1:9'
const options = { ...hurried(), fetch: async () => new Response('{}', { status: 404 }) }
const answering = { ...hurried(), fetch: async () => new Response('{"items":[]}', { headers: { 'content-type': 'application/json' } }) }
const pages = { as: z.object({}), items: (page: unknown) => (page as { items: unknown }).items, next: () => undefined }

/** What the process would have died of. */
function unhandled(): unknown[] {
  const seen: unknown[] = []
  const listener = (reason: unknown): void => void seen.push(reason)
  process.on('unhandledRejection', listener)
  onTestFinished(() => void process.off('unhandledRejection', listener))
  return seen
}

const runs: Record<string, (call: ToolRun) => Promise<unknown>> = {
  get: async ({ vendor }) => { const a = vendor.get('/a'), b = vendor.get('/b'); return [await a, await b] },
  post: async ({ vendor }) => { const a = vendor.get('/a'), b = vendor.post('/b'); return [await a, await b] },
  all: async ({ vendor }) => { const a = vendor.get('/a'), b = vendor.all('/b', pages); return [await a, await b] },
  'a forbidden place': async ({ vendor }) => { const a = vendor.get('/a'), b = vendor.get('//elsewhere'); return [await a, await b] },
}

test.each(Object.entries(runs))('SEC-04: an answer that nobody awaits any more does not end the process: %s', async (_, run) => {
  const seen = unhandled()
  expect(await dispatch({ url, options }, run)).toMatchObject({ kind: 'failed', failure: 'not_found' })
  await setImmediate()
  expect(seen).toEqual([])
})

test('what is asked for after the call is over is refused, and that ends nothing either', async () => {
  const seen = unhandled()
  let late: (() => void) | undefined
  await dispatch({ url, options }, async ({ vendor }) => { late = () => void vendor.get('/a') })
  late?.()
  await setImmediate()
  expect([late === undefined, seen]).toEqual([false, []])
})

test('an author who reads pages with an async function gets unavailable, whatever becomes of its promise', async () => {
  const seen = unhandled()
  const broken = async (): Promise<never> => { throw new Error('author') }
  expect(await dispatch({ url, options: answering }, ({ vendor }) => vendor.all('/a', { ...pages, items: broken }))).toMatchObject({ failure: 'unavailable' })
  expect(await dispatch({ url, options: answering }, ({ vendor }) => vendor.all('/a', { ...pages, next: broken as never }))).toMatchObject({ failure: 'unavailable' })
  await setImmediate()
  expect(seen).toEqual([])
})

test('the vendor that a tool of the server itself does not have', async () => {
  const seen = unhandled()
  const own = withOwn({ dispatch: () => Promise.reject(new Error('not for others')), owner: () => Promise.reject(new Error('not for others')) }, () => undefined)
  const answer = (run: (call: ToolRun) => Promise<unknown>) => own.dispatch({ ...jobOf({ url }, run), tool: { own: {} as OwnTarget, run } as unknown as Tool })
  expect(await answer(async ({ vendor }) => { const a = vendor.get('/a'), b = vendor.get('/b'); return [await a, await b] })).toEqual({ kind: 'failed', failure: 'connector_failed', sent: true })
  expect(await answer(() => { throw new Error('not async') })).toEqual({ kind: 'failed', failure: 'connector_failed', sent: true })
  await setImmediate()
  expect(seen).toEqual([])
})
