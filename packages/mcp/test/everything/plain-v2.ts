import { CLIENT_CAPABILITIES_META_KEY, completable, createRequestStateCodec, fromJsonSchema, inputRequired, McpServer, ResourceTemplate, type ServerContext } from '@modelcontextprotocol/server'
import type { Connector } from '../../../core/src/connectors/connector.ts'
import { askableOf } from '../../src/askable.ts'
import { register, runPlain, type PlainLine, type PlainServer } from './plain.ts'

const codec = createRequestStateCodec<{ state?: unknown }>({ key: new Uint8Array(32).fill(3), ttlSeconds: 900 })

/** A plain server of the second SDK line. Its questions are results, which the SDK carries in both eras. */
export function plainV2(connector: Connector): McpServer {
  const made = new McpServer({ name: 'plain', version: '1.0.0' }, { capabilities: { logging: {}, resources: { subscribe: true }, tools: {}, prompts: {} }, requestState: { verify: codec.verify } })
  const line: PlainLine = {
    async run(target, input, context) {
      const mcpReq = (context as ServerContext | undefined)?.mcpReq
      const progressToken = mcpReq?._meta?.progressToken
      const { result, question } = await runPlain(target, input, {
        signal: mcpReq?.signal ?? new AbortController().signal,
        round: mcpReq?.inputResponses === undefined ? undefined : { responses: mcpReq.inputResponses, state: mcpReq.requestState<{ state?: unknown }>()?.state },
        askable: askableOf((mcpReq?.envelope as Readonly<Record<string, unknown>> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ?? made.server.getClientCapabilities()),
        tell: (note) => {
          if (note.kind === 'log') return void mcpReq?.log(note.level, note.data, note.logger)
          const { kind: _, ...params } = note
          if (progressToken !== undefined) void mcpReq?.notify({ method: 'notifications/progress', params: { progressToken, ...params } })
        },
      })
      if (question === undefined) return result
      return inputRequired({ inputRequests: question.inputRequests, requestState: await codec.mint({ state: question.state }) } as Parameters<typeof inputRequired>[0])
    },
    completable: (schema, complete) => completable(schema as never, complete as never),
    template: (uriTemplate) => new ResourceTemplate(uriTemplate, { list: undefined, complete: { id: () => [] } }),
    schema: ({ input, own }) => (own?.definition['inputSchema'] !== undefined && Object.hasOwn(own.definition['inputSchema'] as object, '$defs') ? fromJsonSchema(own.definition['inputSchema'] as never) : Object.keys((input as { shape?: object }).shape ?? {}).length === 0 ? undefined : input),
  }
  register(made as unknown as PlainServer, connector, line)
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const) made.server.setRequestHandler(method, () => ({}))
  return made
}
