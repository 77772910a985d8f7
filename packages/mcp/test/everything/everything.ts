import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { Connector, JsonSchema } from '../../../core/src/connectors/connector.ts'
import { ask } from '../../../core/src/connectors/round.ts'
import { selfConnector, type SelfPrompt, type SelfResource, type SelfTool } from '../../../core/src/connectors/self.ts'
import type { Change } from '../../src/index.ts'
import { PNG, text, user, WAV } from './media.ts'
import { questions } from './questions.ts'

const PAUSE = 50
const tool = (description: string, result: object): SelfTool => ({ risk: 'read', description, run: async () => result })
const image = { type: 'image', data: PNG, mimeType: 'image/png' }
const embedded = (uri: string, mimeType: string, body: string) => ({ type: 'resource', resource: { uri, mimeType, text: body } })

/** As text: an object with a member `then` would be taken for a promise. */
const RICH_SCHEMA = JSON.parse(`{
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
  "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
  "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" }, "contactMethod": { "type": "string", "enum": ["phone", "email"] }, "phone": { "type": "string" }, "email": { "type": "string" } },
  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] }, "then": { "required": ["phone"] }, "else": { "required": ["email"] },
  "additionalProperties": false
}`) as JsonSchema

/** The server that the conformance suite wants to meet: every kind of answer, by the names that the suite calls. `changed` publishes. */
export function everything(changed: (change: Change) => void): Connector {
  return selfConnector({ title: 'Everything', tools: { ...answers(changed), ...questions }, resources, templates, prompts })
}

const answers = (changed: (change: Change) => void): Readonly<Record<string, SelfTool>> => ({
  test_simple_text: tool('Answers with text.', text('This is a simple text response for testing.')),
  test_image_content: tool('Answers with an image.', { content: [image] }),
  test_audio_content: tool('Answers with a sound.', { content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  test_embedded_resource: tool('Answers with a resource.', { content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')] }),
  test_multiple_content_types: tool('Answers with several.', {
    content: [{ type: 'text', text: 'Multiple content types test:' }, image, embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}')],
  }),
  test_error_handling: { risk: 'read', description: 'Fails.', run: async () => { throw new Error('This tool intentionally returns an error for testing') } },
  test_tool_with_logging: {
    risk: 'read', description: 'Says what it does.',
    run: async ({ tell }) => {
      for (const [at, data] of ['Tool execution started', 'Tool processing data', 'Tool execution completed'].entries()) {
        if (at > 0) await pause(PAUSE)
        tell?.({ kind: 'log', level: 'info', data })
      }
      return text('Said it all.')
    },
  },
  test_logging_tool: { risk: 'read', description: 'Says something.', run: async ({ tell }) => { tell?.({ kind: 'log', level: 'info', data: 'Something' }); return text('Said it.') } },
  test_tool_with_progress: {
    risk: 'read', description: 'Says how far it is.',
    run: async ({ tell }) => {
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await pause(PAUSE)
        tell?.({ kind: 'progress', progress, total: 100 })
      }
      return text('Went all the way.')
    },
  },
  test_trigger_tool_change: { risk: 'read', description: 'Changes the tools.', run: async () => { changed({ kind: 'tools' }); return text('Changed.') } },
  test_trigger_prompt_change: { risk: 'read', description: 'Changes the prompts.', run: async () => { changed({ kind: 'prompts' }); return text('Changed.') } },
  json_schema_2020_12_tool: { ...tool('Tool with JSON Schema 2020-12 features', text('ok')), definition: { inputSchema: RICH_SCHEMA }, input: z.looseObject({}) },
})

const resource = (name: string, mimeType: string, content: (uri: string) => object, watched = false): SelfResource => ({
  definition: { name, description: `The ${name} of the test server.`, mimeType }, watched,
  read: async ({ input }) => {
    const { uri } = input as { uri: string }
    return { contents: [{ uri, mimeType, ...content(uri) }] }
  },
})

const resources: Readonly<Record<string, SelfResource>> = {
  'test://static-text': resource('static text', 'text/plain', () => ({ text: 'This is the content of the static text resource.' })),
  'test://static-binary': resource('static binary', 'image/png', () => ({ blob: PNG })),
  'test://watched-resource': resource('watched resource', 'text/plain', () => ({ text: 'Watched.' }), true),
}

const templates: Readonly<Record<string, SelfResource>> = {
  'test://template/{id}/data': {
    ...resource('template', 'application/json', (uri) => {
      const id = uri.split('/')[3] ?? ''
      return { text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }
    }),
    complete: async () => ({ completion: { values: [] } }),
  },
}

const string = (name: string) => ({ name, description: `The ${name}.`, required: true })
const WORDS = ['paris', 'park', 'party']

const prompts: Readonly<Record<string, SelfPrompt>> = {
  test_simple_prompt: { definition: { description: 'A simple prompt.' }, run: async () => user({ type: 'text', text: 'This is a simple prompt for testing.' }) },
  test_prompt_with_arguments: {
    definition: { description: 'A prompt with arguments.', arguments: [string('arg1'), string('arg2')] }, input: z.object({ arg1: z.string(), arg2: z.string() }),
    run: async ({ input }) => {
      const { arg1, arg2 } = input as { arg1: string; arg2: string }
      return user({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })
    },
    complete: async ({ input }) => {
      const values = WORDS.filter((word) => word.startsWith((input as { value: string }).value))
      return { completion: { values, total: values.length, hasMore: false } }
    },
  },
  test_prompt_with_embedded_resource: {
    definition: { description: 'A prompt with a resource.', arguments: [string('resourceUri')] }, input: z.object({ resourceUri: z.string() }),
    run: async ({ input }) => user(embedded((input as { resourceUri: string }).resourceUri, 'text/plain', 'Embedded resource content for testing.'), { type: 'text', text: 'Please process the embedded resource above.' }),
  },
  test_prompt_with_image: { definition: { description: 'A prompt with an image.' }, run: async () => user(image, { type: 'text', text: 'Please analyze the image above.' }) },
  test_input_required_result_prompt: {
    definition: { description: 'A prompt that asks.' },
    run: async ({ round }) => {
      const said = z.object({ content: z.object({ context: z.string() }) }).safeParse(round?.responses['user_context']).data
      if (said !== undefined) return user({ type: 'text', text: `Context: ${said.content.context}` })
      return ask({ user_context: { method: 'elicitation/create', params: { message: 'What context should the prompt use?', requestedSchema: { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] } } } })
    },
  },
}
