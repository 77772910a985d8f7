import { z } from 'zod'
import type { AskKind, Note } from '../../../core/src/index.ts'
import type { Connector, Tool } from '../../../core/src/connectors/connector.ts'
import { asked, type Ask, type Round } from '../../../core/src/connectors/round.ts'

/** What one call of a plain server can do with its client, in the words of neither SDK line. */
export interface PlainCall {
  readonly signal: AbortSignal
  readonly askable: readonly AskKind[]
  readonly round: Round | undefined
  tell(note: Note): void
}

/** What both lines call it. */
export interface PlainServer {
  registerTool(name: string, config: object, run: (...sent: unknown[]) => Promise<object>): unknown
  registerPrompt(name: string, config: object, run: (...sent: unknown[]) => Promise<object>): unknown
  registerResource(name: string, uri: unknown, config: object, read: (uri: URL, ...sent: unknown[]) => Promise<object>): unknown
}

export interface PlainLine {
  /** Runs a target for a request, whose context is what the SDK gave. */
  run(target: Tool, input: unknown, context: unknown): Promise<object>
  completable(schema: z.ZodType, complete: (value: string) => Promise<string[]>): unknown
  template(uriTemplate: string): unknown
  /** How this line takes the schema of a tool. */
  schema(target: Tool): unknown
}

/** Once, without asking anybody whether it may. */
export const runPlain = async ({ run }: Tool, input: unknown, { signal, askable, round, tell }: PlainCall): Promise<{ readonly result: object; readonly question: Ask | undefined }> => {
  const result = (await run({ input, customer: undefined, vendor: undefined as never, callId: 'plain', signal, askable, round, tell })) as Readonly<Record<string, unknown>>
  return { result, question: asked(result) }
}

/** The same server as `everything`, as somebody would have written it who has never heard of Portcullis. */
export function register(server: PlainServer, { tools }: Connector, line: PlainLine): void {
  for (const target of tools.values()) {
    const { name, title, description, own, input } = target
    const shape = input instanceof z.ZodObject ? (input.shape as Record<string, z.ZodType>) : {}
    const bare = name.slice(name.indexOf(':') + 1)
    switch (own?.kind) {
      case 'tool': {
        const schema = line.schema(target)
        if (schema === undefined) server.registerTool(name, { title, description }, (context) => line.run(target, {}, context))
        else server.registerTool(name, { title, description, inputSchema: schema }, (args, context) => line.run(target, args, context))
        break
      }
      case 'prompt': {
        const completion = tools.get(`completion:prompt:${bare}`)
        const complete = async (argument: string, value: string): Promise<string[]> =>
          completion === undefined ? [] : ((await line.run(completion, { argument, value }, undefined)) as { completion: { values: string[] } }).completion.values
        const described = { description: (own.definition as { description?: string }).description }
        const argsSchema = Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, completion === undefined ? schema : line.completable(schema.clone(), (value) => complete(key, value))]))
        if (Object.keys(shape).length === 0) server.registerPrompt(bare, described, (context) => line.run(target, {}, context))
        else server.registerPrompt(bare, { ...described, argsSchema }, (args, context) => line.run(target, args, context))
        break
      }
      case 'resource':
        server.registerResource(bare, bare, own.definition, (uri, context) => line.run(target, { uri: uri.href }, context))
        break
      case 'template':
        server.registerResource(bare, line.template(bare), own.definition, (uri, _, context) => line.run(target, { uri: uri.href }, context))
        break
      default: // completions and subscriptions belong to the others
    }
  }
}
