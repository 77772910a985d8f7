import fc from 'fast-check'
import type { Endpoint, World } from '@portcullis/core'
import { CATALOGUE, type ToolFacts } from '../world/catalogue.ts'
import type { TokenLiteral } from '../world/tokens.ts'
import { MOODS, UNREACHABLE_TICKET } from '../world/vendor.ts'
import { CUSTOMERS } from './tenant.ts'
import { soundToken, tokenArbitrary } from './token.ts'
import { sometimes, weighted } from './weighted.ts'

/** A request before its token is signed. */
export interface RequestLiteral {
  readonly token?: TokenLiteral | undefined
  readonly endpoint: Endpoint
  readonly tenantsNamed?: readonly string[] | undefined
}

/** `approval`: the how-manieth that was opened in this history, or one that nobody opened. */
export interface CallLiteral extends RequestLiteral {
  readonly tool: string
  readonly arguments?: unknown
  readonly approval?: number | 'invented' | undefined
  readonly idempotencyKey?: string | undefined
}

const endpoint: fc.Arbitrary<Endpoint> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Endpoint>({ kind: 'plain' }) },
  { weight: 4, arbitrary: fc.constant<Endpoint>({ kind: 'tenant' }) },
  { weight: 9, arbitrary: fc.constantFrom('acme', 'acme', ...CUSTOMERS).map((customer): Endpoint => ({ kind: 'customer', customer })) },
  { weight: 1, arbitrary: fc.constantFrom('nobody', '../south', '').map((customer): Endpoint => ({ kind: 'customer', customer })) },
)

const usual: fc.Arbitrary<Endpoint> = weighted<Endpoint>([6, { kind: 'customer', customer: 'acme' }], [1, { kind: 'customer', customer: 'globex' }], [3, { kind: 'tenant' }], [1, { kind: 'plain' }])

/** Half of the requests have nothing wrong with them: all gates behind the third are to be met too. */
export const requestArbitrary = (world: World): fc.Arbitrary<RequestLiteral> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ account: weighted([4, 'ann'], [2, 'bob'], [1, 'cat'], [2, 'bot'], [1, 'ant']), endpoint: usual }).map(({ account, endpoint: asked }) => ({ token: soundToken(world, 'north', account), endpoint: asked })) },
    { weight: 2, arbitrary: fc.record({ token: tokenArbitrary(world), endpoint, tenantsNamed: sometimes(8, fc.constantFrom(['north'], ['south'], ['nowhere'], ['north', 'south'])) }) },
  )

const ALIASES: Readonly<Record<string, string>> = { psa: 'psa.', rmm: 'rmm.', self: '' }
/** Every pretended tool by the name it is called by. */
export const NAMED: readonly { readonly name: string; readonly connector: string; readonly tool: ToolFacts }[] =
  CATALOGUE.flatMap(({ id, tools }) => tools.map((tool) => ({ name: `${ALIASES[id] ?? ''}${tool.name}`, connector: id, tool })))

const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...NAMED.map((named) => named.name)) },
  { weight: 5, arbitrary: fc.constantFrom('psa.wipe_ticket', 'psa.purge', 'psa.close_ticket', 'psa.list_tickets') },
  { weight: 1, arbitrary: fc.constantFrom('psa.nothing', 'list_tickets', 'self.notices', 'rmm_acme.list_hosts', '') },
)

/** Arguments for any tool: each takes what it knows of them, and a stranger's field changes nothing. */
const sent = fc
  .record({
    id: weighted<unknown>([5, 101], [3, 201], [1, 301], [1, 999], [1, UNREACHABLE_TICKET], [1, 'x'], [1, undefined]),
    mood: fc.oneof({ weight: 72, arbitrary: fc.constant(undefined) }, { weight: 26, arbitrary: fc.constantFrom(...MOODS.filter((mood) => mood !== 'huge')) }, { weight: 2, arbitrary: fc.constantFrom('huge', 'huge', 'bad') }),
    note: weighted<unknown>([8, undefined], [2, 'hello'], [1, 'x'.repeat(21)]), status: weighted<unknown>([8, undefined], [2, 'open'], [1, 'odd']),
    client_id: weighted<unknown>([20, undefined], [1, 10]), tenant: weighted<unknown>([9, undefined], [1, 'south']),
  })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)))

/** Only the fields that a tool takes, with now and then one too many: a wrong field of another tool would refuse most calls. */
function argumentsFor(tool: string, fields: Readonly<Record<string, unknown>>, wild: boolean): unknown {
  const takes = NAMED.find((named) => named.name === tool)?.tool.takes
  const own = takes === 'filter' ? ['status', 'mood'] : takes === 'record' ? ['id', 'note', 'mood'] : ['note', 'mood', 'client_id']
  return Object.fromEntries(Object.entries(fields).filter(([field]) => own.includes(field) || field === 'tenant' || wild))
}

/** Few, so that calls meet; and now and then a text that is none. */
export const idempotencyKey: fc.Arbitrary<string> = weighted([12, 'one'], [6, 'two'], [1, 'not a key'])

export const callArbitrary = (world: World): fc.Arbitrary<CallLiteral> =>
  fc
    .record({
      request: requestArbitrary(world), tool: name, fields: sent, wild: fc.integer({ min: 0, max: 9 }), approval: sometimes(8, fc.constantFrom<number | 'invented'>(0, 1, 'invented')),
      key: sometimes(25, idempotencyKey), odd: sometimes(4, fc.constantFrom<unknown>(null, 'text', [], 7, { deep: [[[1]]] })),
    })
    .map(({ request, tool, fields, wild, approval, key, odd }) => ({
      ...request, tool, arguments: odd === undefined ? argumentsFor(tool, fields, wild === 0) : odd, ...(approval === undefined ? {} : { approval }), ...(key === undefined ? {} : { idempotencyKey: key }),
    }))
