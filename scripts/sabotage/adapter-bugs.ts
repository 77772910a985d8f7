import type { Bug, Suite } from './bug.ts'

const suite = (project: string, file: string): Suite => ({ project, files: [`packages/${project}/test/${file}.test.ts`] })

/** Bugs outside of the core: in front of somebody's server, in HTTP, on PostgreSQL. */
export const ADAPTER_BUGS: readonly Bug[] = [
  {
    name: 'late-handlers-not-guarded',
    danger: 'A handler that a server registers after it is connected answers past the gates.',
    edits: [{
      file: 'packages/mcp/src/protect/handler-map.ts',
      find: "  const original = map.get.bind(map)\n  Object.defineProperty(map, 'get', { value: (method: string) => guard(",
      replace: "  const original = map.get.bind(map)\n  const early = new Map(map)\n  Object.defineProperty(map, 'get', { value: (method: string) => early.get(method) !== original(method) ? original(method) : guard(",
    }],
    suites: [suite('mcp', 'protect/seam')],
    expect: /MCP-05: every request meets the guard/,
  },
  {
    name: 'token-left-in-the-headers',
    danger: 'Handlers are given the token of their caller, and can act with it somewhere else.',
    edits: [{ file: 'packages/mcp/src/protect/scrub.ts', find: "new Set(['authorization', 'proxy-authorization'", replace: "new Set(['proxy-authorization'" }],
    suites: [suite('mcp', 'protect/protect')],
    expect: /AUT-16: no handler is given a token/,
  },
  {
    name: 'consumed-body-served',
    danger: 'What a parser made of a body is judged, and not what was sent.',
    edits: [{ file: 'packages/http/src/node-bridge.ts', find: 'incoming.readableDidRead || body !== undefined', replace: 'incoming.readableDidRead && body === undefined' }],
    suites: [suite('express', 'laws')],
    expect: /behind somebody who read the body/,
  },
  {
    name: 'postgres-quota-with-or-equal',
    danger: 'One call more than is included, in all processes together.',
    edits: [{ file: 'packages/postgres/src/functions/step.ts', find: 'v_used + v_reserved < i.included', replace: 'v_used + v_reserved <= i.included' }],
    suites: [suite('postgres', 'rivals')],
    expect: /QUO-01: of 400 calls at once in two processes/,
  },
  {
    name: 'postgres-rows-for-other-tenants',
    danger: "One tenant's transaction adds rows to another's tables. Two looks at the database would refuse to start, and have to be broken too.",
    edits: [
      { file: 'packages/postgres/src/migrations/0002-policies.ts', find: 'with check (${OWN})', replace: 'with check (true)' },
      { file: 'packages/postgres/src/posture.ts', find: ' and pg_get_expr(p.polwithcheck, c.oid) = $3', replace: '' },
      { file: 'packages/postgres/src/posture.ts', find: '  await probe(client, names)', replace: "  if (names.role === '') await probe(client, names)" },
    ],
    suites: [suite('postgres', 'isolation')],
    expect: /TEN-09: row-level security is enabled and forced/,
  },
  {
    name: 'postgres-one-tenant-after-the-other',
    danger: 'A call waits until the flood of another tenant is over.',
    edits: [
      { file: 'packages/postgres/src/appender.ts', find: 'export class Appender {\n', replace: 'const lasts = new Map<string, Promise<unknown>>()\n\nexport class Appender {\n  readonly #tenant: string\n' },
      { file: 'packages/postgres/src/appender.ts', find: '    this.#queue = new', replace: '    this.#tenant = tenant\n    this.#queue = new' },
      {
        file: 'packages/postgres/src/appender.ts',
        find: 'return (await this.#queue.push(item)) as A',
        replace: `const others = [...lasts].flatMap(([tenant, last]) => (tenant === this.#tenant ? [] : [last]))
      const work = Promise.allSettled(others).then(() => this.#queue.push(item))
      lasts.set(this.#tenant, work)
      return (await work) as A`,
      },
    ],
    suites: [suite('postgres', 'rivals')],
    expect: /QUO-07: while one tenant floods two processes/,
  },
]
