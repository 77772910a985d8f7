import { z } from 'zod'
import type { ToolRun } from '../../../core/src/connectors/connector.ts'
import { ask, type AskRequest } from '../../../core/src/connectors/round.ts'
import type { SelfTool } from '../../../core/src/connectors/self.ts'
import { text } from './media.ts'

const form = (message: string, properties: Readonly<Record<string, object>>, required: readonly string[] = Object.keys(properties)): AskRequest => ({
  method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties, required } },
})
const sample = (prompt: string, maxTokens = 100): AskRequest => ({
  method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens },
})
const roots: AskRequest = { method: 'roots/list', params: {} }

const Elicited = z.object({ action: z.enum(['accept', 'decline', 'cancel']), content: z.record(z.string(), z.unknown()).optional() })
const Sampled = z.object({ content: z.object({ type: z.literal('text'), text: z.string() }) })
const Rooted = z.object({ roots: z.array(z.object({ uri: z.string() })) })

const answered = <S extends z.ZodType>({ round }: ToolRun, key: string, schema: S): z.output<S> | undefined => schema.safeParse(round?.responses[key]).data
const tool = (description: string, run: SelfTool['run'], input?: z.ZodObject): SelfTool => ({ risk: 'read', description, run, ...(input === undefined ? {} : { input }) })

/** A tool that asks one form and says what came back. */
const elicits = (description: string, request: AskRequest, say: (answer: z.output<typeof Elicited>) => string): SelfTool =>
  tool(description, async (call) => {
    const answer = answered(call, 'form', Elicited)
    return answer === undefined ? ask({ form: request }) : text(say(answer))
  })
const completed = ({ action, content }: z.output<typeof Elicited>): string => `Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`

const string = { type: 'string' }
const NAME = form('What is your name?', { name: string })
const options = { enum: ['option1', 'option2', 'option3'] }
const titled = (...titles: readonly string[]) => titles.map((title, at) => ({ const: `value${at + 1}`, title }))

/** Tools that ask their client, one way or several. */
export const questions: Readonly<Record<string, SelfTool>> = {
  test_sampling: tool('Asks the model of the client.', async (call) => {
    const answer = answered(call, 'model', Sampled)
    return answer === undefined ? ask({ model: sample((call.input as { prompt: string }).prompt) }) : text(`LLM response: ${answer.content.text}`)
  }, z.object({ prompt: z.string() })),
  test_elicitation: tool('Asks the person at the client.', async (call) => {
    const answer = answered(call, 'person', Elicited)
    const { message } = call.input as { message: string }
    return answer === undefined
      ? ask({ person: form(message, { username: { type: 'string', description: "User's response" }, email: { type: 'string', description: "User's email address" } }) })
      : text(`User response: action: ${answer.action}, content: ${JSON.stringify(answer.content ?? {})}`)
  }, z.object({ message: z.string() })),
  test_elicitation_sep1034_defaults: elicits('Asks with defaults.', form('Please check', {
    name: { type: 'string', default: 'John Doe' }, age: { type: 'integer', default: 30 }, score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' }, verified: { type: 'boolean', default: true },
  }, []), completed),
  test_elicitation_sep1330_enums: elicits('Asks with choices.', form('Please choose', {
    untitledSingle: { type: 'string', ...options }, titledSingle: { type: 'string', oneOf: titled('First Option', 'Second Option', 'Third Option') },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', ...options } }, titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
  }, []), completed),
  test_input_required_result_elicitation: tool('Asks for a name.', async (call) => {
    const answer = answered(call, 'user_name', Elicited)
    return answer === undefined ? ask({ user_name: NAME }) : text(`Hello, ${String(answer.content?.['name'])}!`)
  }),
  test_streaming_elicitation: tool('Asks while it streams.', async (call) => (answered(call, 'user_name', Elicited) === undefined ? ask({ user_name: NAME }) : text('Thank you.'))),
  test_input_required_result_sampling: tool('Asks for a capital.', async (call) => {
    const answer = answered(call, 'capital_question', Sampled)
    return answer === undefined ? ask({ capital_question: sample('What is the capital of France?') }) : text(answer.content.text)
  }),
  test_input_required_result_list_roots: tool('Asks for roots.', async (call) => {
    const answer = answered(call, 'client_roots', Rooted)
    return answer === undefined ? ask({ client_roots: roots }) : text(`Roots: ${answer.roots.map(({ uri }) => uri).join(', ')}`)
  }),
  test_input_required_result_request_state: tool('Asks and remembers.', async (call) =>
    call.round?.state === 'asked' && answered(call, 'confirm', Elicited) !== undefined ? text('state-ok') : ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }, 'asked')),
  test_input_required_result_tampered_state: tool('Asks and remembers.', async (call) =>
    call.round?.state === 'asked' ? text('state-ok') : ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }, 'asked')),
  test_input_required_result_multiple_inputs: tool('Asks three things at once.', async (call) => {
    const [name, greeting, places] = [answered(call, 'user_name', Elicited), answered(call, 'greeting', Sampled), answered(call, 'client_roots', Rooted)]
    return name === undefined || greeting === undefined || places === undefined
      ? ask({ user_name: NAME, greeting: sample('Generate a greeting', 50), client_roots: roots }, 'asked')
      : text(`${greeting.content.text} ${String(name.content?.['name'])}, ${places.roots.length} roots`)
  }),
  test_input_required_result_multi_round: tool('Asks twice.', async (call) => {
    const state = z.object({ name: z.unknown() }).safeParse(call.round?.state).data
    const [first, second] = [answered(call, 'step1', Elicited), answered(call, 'step2', Elicited)]
    if (state !== undefined && second !== undefined) return text(`${String(state.name)} likes ${String(second.content?.['color'])}`)
    if (first !== undefined) return ask({ step2: form('Step 2: What is your favorite color?', { color: string }) }, { name: first.content?.['name'] ?? null })
    return ask({ step1: form('Step 1: What is your name?', { name: string }) }, 'begun')
  }),
  test_input_required_result_capabilities: tool('Asks what the client can be asked.', async ({ askable = [], round }) => {
    if (round !== undefined) return text('Thank you.')
    return ask({ ...(askable.includes('elicitation') ? { user_name: NAME } : {}), ...(askable.includes('sampling') ? { greeting: sample('Generate a greeting') } : {}) })
  }),
  test_missing_capability: tool('Asks the model of the client, whether it has one or not.', async (call) => (answered(call, 'model', Sampled) === undefined ? ask({ model: sample('Hello') }) : text('Thank you.'))),
}
