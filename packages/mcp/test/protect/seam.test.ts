import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { guardServer } from '../../src/protect/seam.ts'
import type { ServerLike } from '../../src/protect/sdk.ts'
import type { Guard } from '../../src/protect/handler-map.ts'
import { LINES, shapes, Wire } from './lines.ts'

const NO = { code: -31403, message: 'no' }
const refuse: Guard = () => () => { throw Object.assign(new Error(NO.message), NO) }

const connect = (server: ServerLike, wire: Wire): Promise<void> => server.connect(wire as never)

describe.each(LINES)('$name', (line) => {
  describe.each(Object.keys(shapes(line, () => undefined)))('%s', (shape) => {
    verifies('CH-16', 'MCP-05: every request meets the guard, and no handler runs before it', async () => {
      const ran: string[] = []
      const { server, late } = shapes(line, (name) => ran.push(name))[shape]!()
      const asked: string[] = []
      guardServer(server, (method, original) => {
        asked.push(method)
        return refuse(method, original)
      })
      const wire = new Wire()
      await connect(server, wire)
      late?.()
      for (const method of ['tools/call', 'tools/list', 'initialize', 'ping', 'nobody/knows']) expect(await wire.ask(method, { name: 'list', arguments: {} })).toMatchObject({ error: NO })
      expect(asked).toEqual(['tools/call', 'tools/list', 'initialize', 'ping', 'nobody/knows'])
      expect(ran).toEqual([])
      await server.close()
    })

    test('the guard is given the handler that would have answered', async () => {
      const ran: string[] = []
      const { server, late } = shapes(line, (name) => ran.push(name))[shape]!()
      guardServer(server, (_, original) => original ?? (() => { throw new Error('none') }))
      const wire = new Wire()
      await connect(server, wire)
      late?.()
      expect(await wire.ask('tools/call', { name: 'list', arguments: {} })).toMatchObject({ result: { content: [{ type: 'text', text: 'body' }] } })
      expect(ran).toEqual(['list'])
      await server.close()
    })
  })

  test('a connection after the first is guarded too', async () => {
    const ran: string[] = []
    const { server } = shapes(line, (name) => ran.push(name))['low-level']!()
    guardServer(server, refuse)
    for (const wire of [new Wire(), new Wire()]) {
      await connect(server, wire)
      expect(await wire.ask('tools/call', { name: 'list' })).toMatchObject({ error: NO })
      await server.close()
    }
    expect(ran).toEqual([])
  })

  verifies('EM-01', 'SES-02: what still comes by an earlier connection is not answered on the one after it', async () => {
    const ran: string[] = []
    const { server } = shapes(line, (name) => ran.push(name))['low-level']!()
    guardServer(server, (_, original) => original!)
    const [earlier, later] = [new Wire(), new Wire()]
    await connect(server, earlier)
    await server.close()
    await connect(server, later)
    earlier.onmessage?.({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'list' } }, {})
    expect(await later.ask('tools/call', { name: 'list' })).toHaveProperty('result')
    expect([later.sent.map(({ id }) => id), earlier.sent, ran]).toEqual([[1], [], ['list']])
  })

  test('the guard cannot be taken off the map afterwards', async () => {
    const { server } = shapes(line, () => undefined)['low-level']!()
    guardServer(server, refuse)
    const wire = new Wire()
    await connect(server, wire)
    const map = (server as unknown as { _requestHandlers: Map<string, unknown> })._requestHandlers
    expect(() => Object.assign(map, { get: Map.prototype.get })).toThrow(TypeError)
    expect(() => Reflect.deleteProperty(map, 'get') || (() => { throw new TypeError() })()).toThrow(TypeError)
    expect(await wire.ask('tools/call', { name: 'list' })).toMatchObject({ error: NO })
  })

  test('what is connected, guarded or no server is refused with a fault', async () => {
    const { server } = shapes(line, () => undefined)['low-level']!()
    const fault = expect.objectContaining({ code: 'server_unguarded' })
    const other = shapes(line, () => undefined)['low-level']!().server
    await connect(other, new Wire())
    expect(() => guardServer(other, refuse)).toThrow(fault)
    guardServer(server, refuse)
    expect(() => guardServer(server, refuse)).toThrow(fault)
    await connect(server, new Wire())
    await expect(connect(server, new Wire())).rejects.toThrow(fault)
    for (const nothing of [undefined, {}, { server: {} }]) expect(() => guardServer(nothing as never, refuse)).toThrow(fault)
  })

  test('a server that declares what it has no handler for is not connected', async () => {
    const server = new line.Server({ name: 'existing', version: '1.0.0' }, { capabilities: { resources: {} } })
    guardServer(server, refuse)
    const wire = new Wire()
    await expect(connect(server, wire)).rejects.toThrow('declares resources and has no handler')
    expect(wire.onmessage).toBeUndefined()
  })
})
