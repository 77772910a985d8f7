import { expect, test, vi } from 'vitest'
import { Listeners } from '../src/changes.ts'
import { listen } from '../src/v2/listen.ts'
import { stage } from './world.ts'

vi.mock('@modelcontextprotocol/server', async (original) => ({
  ...(await original<object>()),
  createMcpHandler: () => ({ fetch: () => Promise.reject(new Error('broken')), close: async () => undefined }),
}))

test('CH-18: a stream that cannot begin gives its place back', async () => {
  await using set = await stage()
  const listeners = new Listeners({ principal: 1, tenant: 1, all: 1 })
  const asked = { token: await set.token('bot') }
  const unused = (): never => { throw new Error('not asked for') }
  for (let round = 0; round < 3; round++) {
    const opened = listen(set.portcullis, listeners, unused, { id: 1, method: 'subscriptions/listen', params: { notifications: {} } }, { asked, signal: new AbortController().signal, askable: [] }, new Request('http://localhost'), {})
    await expect(opened).rejects.toThrow('broken')
  }
  const told = vi.fn<() => void>()
  expect(listeners.add({ tenant: 'northwind', principal: 'bot', tell: told })).toBeDefined()
  listeners.publish('northwind', { kind: 'tools' })
  expect(told).toHaveBeenCalledOnce()
})
