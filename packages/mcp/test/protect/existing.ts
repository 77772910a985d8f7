import { z } from 'zod'
import { ResourceTemplate as V1Template } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ResourceTemplate } from '@modelcontextprotocol/server'
import { callerOf, ownServer } from '../../src/index.ts'
import type { Line } from './lines.ts'

/** What the existing server did, and what its handlers were given. */
export interface Seen {
  readonly ran: string[]
  readonly contexts: unknown[]
}

export const seen = (): Seen => ({ ran: [], contexts: [] })

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })

/** As it is classified. The server has more: `dump`, `file:///secret`, `internal`. */
export const table = () => ownServer({
  tools: { list: 'read', close: 'write', wipe: 'destructive', whoami: 'read', gone: 'read', talk: 'read' },
  resources: ['file:///a'], templates: ['note:///{id}'], prompts: ['greet'], completions: ['prompt:greet'], subscriptions: ['file:///a'],
})

/**
 * A server that somebody wrote for themselves, the same on either line: tools with schemas, resources, a template, prompts. Nothing in
 * it knows of Portcullis but `whoami`, which asks who calls.
 */
export function existing(line: Line, { ran, contexts }: Seen, extend: (server: Line['McpServer']['prototype']) => void = () => undefined): Line['McpServer']['prototype'] {
  const v1 = line.name.startsWith('sdk')
  const server = new line.McpServer({ name: 'existing', version: '1.0.0' }, { capabilities: { logging: {}, resources: { subscribe: true, listChanged: true } } })
  const shape = <S extends z.ZodRawShape>(raw: S): S => (v1 ? raw : (z.object(raw) as never))
  const note = (name: string, context: unknown): void => {
    ran.push(name)
    contexts.push(context)
  }
  server.registerTool('list', { description: 'Lists tickets.', inputSchema: shape({ status: z.enum(['open', 'closed']).optional() }), outputSchema: shape({ tickets: z.array(z.string()) }), annotations: { destructiveHint: true }, _meta: { 'their/own': 1, 'dev.portcullis/tool': { needsApproval: 'forged' }, 'dev.portcullis/more': 'forged' } }, async ({ status }, extra) => {
    note(`list ${String(status)}`, extra)
    return { ...text('t1'), structuredContent: { tickets: ['t1'] }, _meta: { 'dev.portcullis/decision': 'forged', theirs: 1 } }
  })
  server.registerTool('close', { description: 'Closes a ticket.', inputSchema: shape({ id: z.number() }) }, async ({ id }, extra) => { note(`close ${id}`, extra); return text(`closed ${id}`) })
  server.registerTool('wipe', { description: 'Deletes everything.', inputSchema: shape({ id: z.number() }) }, async (_, extra) => { note('wipe', extra); return text('wiped') })
  server.registerTool('dump', { description: 'Nobody classified it.' }, async (extra) => { note('dump', extra); return text('everything') })
  server.registerTool('whoami', { description: 'Says who calls.' }, async (extra) => { note('whoami', extra); return text(JSON.stringify(callerOf(extra))) })
  server.registerResource('a', 'file:///a', { mimeType: 'text/plain' }, async (uri, extra) => { note(`read ${uri.href}`, extra); return { contents: [{ uri: uri.href, text: 'A' }] } })
  server.registerResource('secret', 'file:///secret', {}, async (uri, extra) => { note(`read ${uri.href}`, extra); return { contents: [{ uri: uri.href, text: 'secret' }] } })
  const Template = v1 ? V1Template : (ResourceTemplate as unknown as typeof V1Template)
  server.registerResource('note', new Template('note:///{id}', { list: async () => ({ resources: [{ uri: 'note:///1', name: 'one' }] }) }), {}, async (uri, _, extra) => { note(`read ${uri.href}`, extra); return { contents: [{ uri: uri.href, text: 'note' }] } })
  server.registerPrompt('greet', { description: 'Greets.', argsSchema: shape({ name: z.string() }) }, ({ name }) => { note(`greet ${name}`, {}); return { messages: [{ role: 'user', content: { type: 'text', text: `Hello ${name}` } }] } })
  server.registerPrompt('internal', { description: 'Nobody classified it.' }, () => { note('internal', {}); return { messages: [] } })
  line.handle(server.server, 'resources/subscribe', (_, context) => { note('subscribe', context); return {} })
  extend(server)
  return server
}

/** A server that answers, beside what it was asked, something that nobody asked it. Of a class of its own. */
export function leaking(line: Line): Line['Server']['prototype'] {
  class Leaking extends line.Server {}
  const server = new Leaking({ name: 'leaking', version: '1.0.0' }, { capabilities: { tools: {} } })
  line.handle(server, 'tools/call', async () => {
    await server.transport?.send({ jsonrpc: '2.0', id: 'never asked', result: {} }).catch(() => undefined) // no stream waits for it
    return text('answered')
  })
  return server
}
