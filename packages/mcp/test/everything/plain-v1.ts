import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ResultSchema, SubscribeRequestSchema, UnsubscribeRequestSchema, type ServerNotification, type ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Connector } from '../../../core/src/connectors/connector.ts'
import type { Round } from '../../../core/src/connectors/round.ts'
import { askableOf } from '../../src/askable.ts'
import { register, runPlain, type PlainLine, type PlainServer } from './plain.ts'

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/** A plain server of the first SDK line. */
export function plainV1(connector: Connector): McpServer {
  const made = new McpServer({ name: 'plain', version: '1.0.0' }, { capabilities: { logging: {}, resources: { subscribe: true }, tools: {}, prompts: {} } })
  const line: PlainLine = {
    async run(target, input, context) {
      const extra = context as Extra | undefined
      const progressToken = extra?._meta?.progressToken
      let round: Round | undefined
      for (;;) {
        const { result, question } = await runPlain(target, input, {
          signal: extra?.signal ?? new AbortController().signal, round, askable: askableOf(made.server.getClientCapabilities()),
          tell: ({ kind, ...params }) => {
            if (kind === 'log') void extra?.sendNotification({ method: 'notifications/message', params } as ServerNotification)
            else if (progressToken !== undefined) void extra?.sendNotification({ method: 'notifications/progress', params: { progressToken, ...params } } as ServerNotification)
          },
        })
        if (question === undefined || extra === undefined) return result
        const responses = await Promise.all(Object.entries(question.inputRequests).map(async ([key, request]) => [key, await extra.sendRequest(request as ServerRequest, ResultSchema)] as const))
        round = { responses: Object.fromEntries(responses), state: question.state }
      }
    },
    completable: (schema, complete) => completable(schema as never, complete as never),
    template: (uriTemplate) => new ResourceTemplate(uriTemplate, { list: undefined, complete: { id: () => [] } }),
    schema: ({ input }) => (Object.keys((input as { shape?: object }).shape ?? {}).length === 0 ? undefined : input),
  }
  register(made as unknown as PlainServer, connector, line)
  for (const schema of [SubscribeRequestSchema, UnsubscribeRequestSchema]) made.server.setRequestHandler(schema, () => ({}))
  return made
}
