import { z } from 'zod'
import { customerKey, defineConnector, type Connector } from '@portcullis/core'
import { CATALOGUE, type Definitions, type ToolFacts } from '../../src/world/catalogue.ts'
import { MOODS } from '../../src/world/vendor.ts'

const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })
const OUTPUT = { tickets: z.object({ tickets: z.array(Ticket) }), ticket: z.object({ ticket: Ticket }) }
const mood = z.enum(MOODS).optional()
const note = z.string().max(20).optional()

/** The pretended connectors as real ones: schemas, marks and narrowers are those of the product; only the vendors are pretended. */
const pretend = ({ id, category, tools }: (typeof CATALOGUE)[number]): Connector =>
  defineConnector({
    id, title: id, category,
    settings: z.object({ baseUrl: z.string() }), credential: z.object({ apiKey: z.string() }), customer: z.number().int(),
    authorize: { type: 'api_key', header: 'x-api-key' }, hosts: () => ['vendor.example'],
    records: { ticket: { id: z.number().int(), owner: async () => undefined } },
    tools: (tool) => {
      const input = ({ takes, risk }: ToolFacts): z.ZodObject => {
        if (takes === 'filter') return z.object({ status: z.enum(['open', 'closed']).optional(), mood })
        if (takes === 'keyed') return z.object({ client_id: customerKey(z.number()).optional(), note, mood })
        return z.object({ id: risk === 'read' ? z.number().int() : tool.idOf('ticket'), note, mood })
      }
      const run = async (): Promise<never> => {
        throw new Error('pretended tools are never run')
      }
      return Object.fromEntries(
        tools.map((facts) => [
          facts.name,
          tool({ title: facts.name, description: '', risk: facts.risk, scope: facts.scope, sensitive: facts.sensitive ?? false, input: input(facts), output: OUTPUT[facts.gives] as z.ZodObject, run }),
        ]),
      )
    },
  })

export const CONNECTORS: readonly Connector[] = CATALOGUE.map(pretend)

export const definitions: Definitions = (connector, tool) => CONNECTORS.find(({ id }) => id === connector)?.tools.get(tool)?.hash ?? ''
