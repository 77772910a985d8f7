import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Connector } from '../../src/connectors/connector.ts'
import { defineConnector } from '../../src/connectors/define.ts'
import { customerKey } from '../../src/connectors/marks.ts'

const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })
const base = {
  id: 'halopsa', title: 'HaloPSA', category: 'psa',
  settings: z.object({ baseUrl: z.url() }),
  credential: z.object({ clientId: z.string(), clientSecret: z.string() }),
  customer: z.number().int(),
  hosts: (s: { baseUrl: string }) => [new URL(s.baseUrl).host],
}
const authorize = { type: 'oauth2_client_credentials', tokenUrl: (s: { baseUrl: string }) => `${s.baseUrl}/auth/token` } as const
const words = { title: 'A tool', description: 'Does something.' }
const Out = z.object({ tickets: z.array(Ticket) })
const nothing = z.object({})

/** The type checker is the judge here: each line below an expectation must not compile. The bodies are never run. */
export const mistakes = {
  missingRisk: (): Connector =>
    // @ts-expect-error risk is mandatory
    defineConnector({ ...base, authorize, tools: (tool) => ({ list: tool({ ...words, input: nothing, output: Out, run: async () => ({ tickets: [] }) }) }) }),
  wrongOutput: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error run returns text where the output has a list
      tools: (tool) => ({ list: tool({ ...words, risk: 'read', input: nothing, output: Out, run: async () => ({ tickets: 'none' }) }) }),
    }),
  wrongOutputRunFirst: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error the same with run written first
      tools: (tool) => ({ list: tool({ run: async () => ({ tickets: 1 }), ...words, risk: 'read', input: nothing, output: Out }) }),
    }),
  contentInsteadOfData: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error run returns data, not MCP content
      tools: (tool) => ({ list: tool({ ...words, risk: 'read', input: nothing, output: Out, run: async () => ({ content: [] }) }) }),
    }),
  unknownInput: (): Connector =>
    defineConnector({
      ...base, authorize,
      tools: (tool) => ({
        list: tool({
          ...words, risk: 'read', input: z.object({ status: z.string() }), output: Out,
          // @ts-expect-error no such input
          run: async ({ input }) => ({ tickets: [], of: input.state }),
        }),
      }),
    }),
  unknownCredential: (): Connector =>
    defineConnector({
      ...base,
      // @ts-expect-error no such field of the credential
      authorize: { type: 'api_key', header: 'x-key', value: (credential) => credential.token },
      tools: () => ({}),
    }),
  unknownSetting: (): Connector =>
    defineConnector({
      ...base,
      // @ts-expect-error no such setting
      authorize: { type: 'oauth2_client_credentials', tokenUrl: (s) => s.tokenUrl },
      tools: () => ({}),
    }),
  unknownRecord: (): Connector =>
    defineConnector({
      ...base, authorize,
      records: { ticket: { id: z.number(), owner: async () => 1 } },
      tools: (tool) => ({
        // @ts-expect-error no such record
        close: tool({ ...words, risk: 'write', input: z.object({ id: tool.idOf('asset') }), output: nothing, run: async () => ({}) }),
      }),
    }),
  ownerOfWrongType: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error an owner is a customer key: a number here
      records: { ticket: { id: z.number(), owner: async () => 'acme' } },
      tools: () => ({}),
    }),
  keyUnderEither: (): Connector =>
    defineConnector({
      ...base, authorize,
      tools: (tool) => ({
        list: tool({
          ...words, risk: 'read', scope: 'either', input: nothing, output: Out,
          // @ts-expect-error customer may be undefined
          run: async ({ customer }) => ({ tickets: [{ id: 1, client_id: customer.key, summary: '' }] }),
        }),
      }),
    }),
  keyUnderTenant: (): Connector =>
    defineConnector({
      ...base, authorize,
      tools: (tool) => ({
        list: tool({
          ...words, risk: 'read', scope: 'tenant', input: nothing, output: Out,
          // @ts-expect-error there is no customer
          run: async ({ customer }) => ({ tickets: [{ id: 1, client_id: customer?.key, summary: '' }] }),
        }),
      }),
    }),
  keyOfWrongType: (): Connector =>
    defineConnector({
      ...base, authorize,
      tools: (tool) => ({
        // @ts-expect-error the key is a number
        list: tool({ ...words, risk: 'read', input: nothing, output: z.object({ name: z.string() }), run: async ({ customer }) => ({ name: customer.key }) }),
      }),
    }),
  clearUnknownField: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error no such input to record in clear
      tools: (tool) => ({ list: tool({ ...words, risk: 'read', clear: ['stat'], input: z.object({ status: z.string() }), output: Out, run: async () => ({ tickets: [] }) }) }),
    }),
  outputNotAnObject: (): Connector =>
    defineConnector({
      ...base, authorize,
      // @ts-expect-error outputs are objects
      tools: (tool) => ({ list: tool({ ...words, risk: 'read', input: nothing, output: z.array(Ticket), run: async () => [] }) }),
    }),
  notATool: (): Connector =>
    // @ts-expect-error only tool() makes tools
    defineConnector({ ...base, authorize, tools: () => ({ list: { ...words, risk: 'read', input: nothing, output: Out, run: async () => ({ tickets: [] }) } }) }),
  customerNotAKey: (): Connector =>
    // @ts-expect-error a customer key is a string or a number
    defineConnector({ ...base, customer: z.boolean(), authorize, tools: () => ({}) }),
}

/** Must compile as it stands: inference is complete, also with everything optional left out or undefined. */
export const inferred = (): Connector =>
  defineConnector({
    ...base,
    customer: z.string(),
    authorize: { type: 'api_key', header: 'x-key', value: (credential) => credential.clientSecret, prefix: undefined },
    records: { ticket: { id: z.number(), owner: async ({ id }) => `${id.toFixed()}` }, asset: { id: z.string(), owner: async ({ id }) => id.toUpperCase() } },
    tools: (tool) => ({
      list: tool({
        ...words, risk: 'read', scope: 'either', sensitive: undefined, clear: ['status'],
        input: z.object({ status: z.enum(['open', 'closed']).optional() }), output: z.object({ n: z.number() }),
        run: async ({ input, customer, callId, signal }) => {
          const status: 'open' | 'closed' | undefined = input.status
          const key: string | undefined = customer?.key
          return { n: [status, key, callId, signal.reason].length }
        },
      }),
      close: tool({
        ...words, risk: 'write', input: z.object({ ticket: tool.idOf('ticket'), asset: tool.idOf('asset') }), output: z.object({ n: z.number() }),
        run: async ({ input, customer }) => {
          const ticket: number = input.ticket
          const asset: string = input.asset + customer.key
          return { n: ticket + asset.length }
        },
      }),
    }),
  })

describe('types of defineConnector', () => {
  test('every mistake above is written down as one that must not compile', () => {
    expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(16)
  })
})
