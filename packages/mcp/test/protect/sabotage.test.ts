import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { guardServer } from '../../src/protect/seam.ts'
import type { ServerLike } from '../../src/protect/sdk.ts'
import { LINES, shapes, Wire, type Line } from './lines.ts'

type Change = readonly [from: string, to: string]

interface Sdk {
  readonly line: Line
  readonly name: string
  /** Where its protocol is, and what has `Server` and `McpServer`. */
  readonly protocol: (files: readonly string[]) => readonly string[]
  readonly modules: Readonly<Record<'Server' | 'McpServer', string>>
  readonly lookUp: string
  readonly keep: string
}

const LOOK_UP = 'this._requestHandlers.get(request.method)'
const PAST = 'Map.prototype.get.call(this._requestHandlers, request.method)'
const SDKS: readonly Sdk[] = [
  {
    line: LINES[2]!, name: '@modelcontextprotocol/server', protocol: (files) => files.filter((file) => file.startsWith('dist/') && file.endsWith('.mjs')), modules: { Server: 'dist/index.mjs', McpServer: 'dist/index.mjs' },
    lookUp: `const handler = ${LOOK_UP} ??`, keep: 'this._requestHandlers.set(method, this._wrapHandler(method, stored));',
  },
  {
    line: LINES[0]!, name: '@modelcontextprotocol/sdk', protocol: () => ['dist/esm/shared/protocol.js'], modules: { Server: 'dist/esm/server/index.js', McpServer: 'dist/esm/server/mcp.js' },
    lookUp: `const handler = ${LOOK_UP} ??`, keep: 'this._requestHandlers.set(method, (request, extra) => {',
  },
]

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A copy of the installed package beside it, with lines changed. It lives as long as this file runs. */
async function sabotaged({ name, protocol, modules, line }: Sdk, changes: readonly Change[]): Promise<Line> {
  const inside = await realpath(join(import.meta.dirname, '../../node_modules', name))
  const folder = await mkdtemp(join(dirname(inside), 'sabotaged-'))
  folders.push(folder)
  await cp(inside, folder, { recursive: true, filter: (path) => !path.endsWith('.map') && !path.endsWith('.ts') })
  const files = (await readdir(folder, { recursive: true })).map((file) => file.replaceAll(sep, '/'))
  let changed = 0
  for (const file of protocol(files)) {
    const before = await readFile(join(folder, file), 'utf8')
    const after = changes.reduce((text, [from, to]) => text.replaceAll(from, to), before)
    if (after !== before) changed += 1
    await writeFile(join(folder, file), after)
  }
  if (changed === 0) throw new Error(`Nothing to sabotage in ${name}: its text has changed.`)
  const load = async (part: 'Server' | 'McpServer') => ((await import(pathToFileURL(join(folder, modules[part])).href)) as Record<string, unknown>)[part]
  return { ...line, Server: (await load('Server')) as Line['Server'], McpServer: (await load('McpServer')) as Line['McpServer'] }
}

describe.each(SDKS)('a changed copy of $name', (sdk) => {
  const copies: Record<string, Line> = {}
  beforeAll(async () => {
    copies['renamed'] = await sabotaged(sdk, [['_requestHandlers', '_handlers']])
    copies['second map'] = await sabotaged(sdk, [
      [sdk.lookUp, `const handler = this.second?.get(request.method) ?? ${LOOK_UP} ??`],
      [sdk.keep, `(this.second ??= new Map()).set(method, (request, context) => Map.prototype.get.call(this._requestHandlers, method)(request, context)); ${sdk.keep}`],
    ])
    copies['only tools/call'] = await sabotaged(sdk, [[sdk.lookUp, `const handler = (request.method === 'tools/call' ? ${PAST} : ${LOOK_UP}) ??`]])
    copies['one name'] = await sabotaged(sdk, [[sdk.lookUp, `const handler = (request.params?.name === 'list' ? ${PAST} : ${LOOK_UP}) ??`]])
    copies['unchanged'] = await sabotaged(sdk, [[LOOK_UP, 'this._requestHandlers.get((request.method))']])
  })

  const begin = (copy: string) => {
    const ran: string[] = []
    const { server } = shapes(copies[copy]!, (name) => ran.push(name))['lazy']!()
    guardServer(server, () => () => { throw new Error('no') })
    const wire = new Wire()
    return { ran, wire, connected: (server as ServerLike).connect(wire as never) }
  }

  verifies('EM-01', 'MCP-05: that still dispatches from the map is guarded', async () => {
    const { ran, wire, connected } = begin('unchanged')
    await connected
    expect(await wire.ask('tools/call', { name: 'list' })).toMatchObject({ error: { message: 'no' } })
    expect(ran).toEqual([])
  })

  verifies('EM-01', 'MCP-05: whose handlers are kept elsewhere is refused by its structure', async () => {
    const { wire, connected } = begin('renamed')
    await expect(connected).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded', message: expect.stringContaining('keeps its handlers somewhere else') }))
    expect(wire.onmessage).toBeUndefined()
  })

  verifies('EM-01', 'MCP-05: that dispatches from a second map is refused by the canary', async () => {
    const { wire, connected } = begin('second map')
    await expect(connected).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded', message: expect.stringContaining('past the guard') }))
    expect(wire.onmessage).toBeUndefined()
  })

  verifies('EM-01', 'MCP-05: that takes one method off the map is refused by the canary, which names the method', async () => {
    const { wire, connected } = begin('only tools/call')
    await expect(connected).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded', message: expect.stringContaining('answers tools/call past the guard') }))
    expect(wire.onmessage).toBeUndefined()
  })

  verifies('EM-01', 'MCP-05: that lets one name past gives its answer to nobody, its operator is told, and it is not connected again', async () => {
    const printed = vi.spyOn(console, 'warn').mockReturnValue(undefined)
    const { ran, wire, connected } = begin('one name')
    await connected
    expect(await wire.ask('tools/call', { name: 'other' })).toMatchObject({ error: { message: 'no' } })
    expect(await wire.ask('tools/call', { name: 'list' })).toEqual({ jsonrpc: '2.0', id: 2, error: { code: -32603, message: 'Internal error' } })
    expect(ran).toEqual(['list'])
    expect(printed.mock.calls).toEqual([[expect.stringMatching(/^portcullis: server_leaked: A server of class Server answered .* go back to the version of the SDK/)]])
    printed.mockRestore()
    await expect(begin('one name').connected).rejects.toThrow('answered past the guard: it is not connected again')
  })
})
