import type { Gate } from '@portcullis/core'

export interface Stage {
  readonly number: number
  readonly gate: Gate
  readonly title: string
  readonly deny: readonly string[]
  readonly hold: readonly string[]
}

type Numbered = Exclude<Gate, 'ingress'>

/** What a gate decides from and what its evidence stands for. A gate without a line here does not compile. */
const SAID: { readonly [G in Numbered]: { readonly reads: string; readonly proves: string; readonly recorded?: string } } = {
  authenticate: {
    reads:
      'The verified token, and the directory record of its tenant: principals, credentials, epochs, identities. The age of that ' +
      'record (120 s at most) and the clock.',
    proves:
      'A principal that trusted state knows stands behind a token that holds at this moment. Claims say who asks and may narrow; ' +
      'they never grant.',
    recorded:
      'A token that verified and does not hold goes to its tenant’s log, once a minute in each process; everything else to the counter `anonymous_refusals` and to ' +
      'no tenant’s log.',
  },
  tenant: {
    reads:
      'The tenant for which the token’s issuer stands, a tenant that the token names, and our own header `portcullis-tenant`, which ' +
      'must agree. Arguments, `_meta`, other headers and the query are not read.',
    proves: 'One tenant, from the principal alone.',
  },
  customer: {
    reads:
      'The customer in the token, the endpoint (`/mcp`, `/mcp/customers/{id}`, `/mcp/tenant`), the bindings of this moment, the ' +
      'grant of an agent.',
    proves:
      'One customer or the whole tenant, and the roles that cover it. Foreign, invented, disabled and uncovered customers are one ' +
      'refusal.',
  },
  snapshot: {
    reads:
      'The tenant’s store (it must be open; there is no other to fall back to), and the snapshot: its version, which must be the ' +
      'directory’s, its age, its minimum policy. Then the name of the tool.',
    proves:
      'One immutable snapshot, fresh enough to decide on; then, that the caller may know the tool. `tool_unknown` is told in the ' +
      'bytes of an invented name.',
  },
  subscription: { reads: 'The subscription’s status and the tool’s risk.', proves: 'The subscription allows this risk. A status that is none of the three counts as suspended.' },
  connector: { reads: 'The tenant’s entitlement to the connector.', proves: 'The tenant is entitled to it.' },
  readiness: {
    reads: 'The instance’s binding and mapping, its four states, the age of its last health check, the accepted definition of the tool.',
    proves: 'The instance serves this reach, under this vendor key, and the tool is the one that was accepted.',
  },
  policy: {
    reads:
      'Role × risk, the tool’s scope against the reach, the written scopes of credential and token, the age of the second factor. ' +
      'For a call then: the arguments, once, and at the vendor the owner of each record that a write names ' +
      '([`08-arguments.ts`](../packages/core/src/chain/08-arguments.ts)).',
    proves:
      'This principal may make this call; its arguments are plain and frozen, and every record that a write names is the ' +
      'customer’s. What is frozen here is what is digested, shown, approved and dispatched.',
    recorded: 'That owners are asked for is recorded before the vendor is asked.',
  },
  quota: {
    reads:
      'The ledger’s word, given in the one durable step of the admission: usage of the period, limit, overage, the rates of tenant ' +
      'and principal.',
    proves: 'A call is reserved. One that is surely not sent is given back.',
  },
  approval: {
    reads:
      'The ledger’s word from the same step: for a destructive tool, the approval of exactly this digest, its votes, and who may ' +
      'vote now.',
    proves: 'No approval is needed, or one for exactly this call was consumed, once. With that the intent is durable.',
    recorded: 'Opening a request writes its record in the same transaction, so `approval_required` needs no other.',
  },
  dispatch: {
    reads:
      'The answer of the dispatcher, which took the admission for its one use and began within 5 s of it. The credential was asked ' +
      'for at that moment.',
    proves: 'What the connector answered. Nothing in it has been looked at yet.',
  },
  audit: {
    reads: 'Whether the outcome is durable. What gate 13 decided is in that record: its verdict comes before this gate, its release after.',
    proves: 'The answer may leave. Nobody can tell whether it was written? Then it does not leave.',
  },
  respond: {
    reads: 'The answer as a plain copy, the customer’s vendor key, the output schema, the secrets that were injected.',
    proves:
      'Bytes that are the customer’s and nobody else’s: narrowed, parsed, serialised once, free of the credential. Text and ' +
      'structured content are these bytes.',
  },
}

const two = (number: number): string => String(number).padStart(2, '0')
const list = (codes: readonly string[]): string => codes.map((code) => `\`${code}\``).join(' ')
const WIDTH = 76

/** Codes in lines that fit beside the tree. */
function wrapped(codes: readonly string[]): string[] {
  const lines: string[] = []
  for (const code of codes) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + code.length + 1 <= WIDTH) lines[lines.length - 1] = `${last} ${code}`
    else lines.push(code)
  }
  return lines
}

/** The parts of the chain that come between gates, by the gate they come before. */
const BETWEEN: Partial<Record<Gate, readonly string[]>> = {
  quota: ['│', '│   ═══ admission, one durable step: versions read again, call reserved,', '│       approval consumed, intent appended; changed → back to gate 1, 3 times at most'],
  dispatch: ['│', '│   ═══ from here on something may take effect'],
  audit: ['│', '│   ═══ gate 13 decides; completion, one durable step: outcome appended, call settled'],
}

/** One gate of the tree, with the exits of each kind beside it. */
function branch({ number, gate, title, deny, hold }: Stage, isLast: boolean): string[] {
  const stem = isLast ? ' ' : '│'
  const exits = [...wrapped(hold).map((line) => `hold  ${line}`), ...wrapped(deny).map((line) => `deny  ${line}`)]
  const [first, ...rest] = exits.map((line, index) => (index > 0 && exits[index - 1]?.slice(0, 4) === line.slice(0, 4) ? `      ${line.slice(6)}` : line))
  return [...(BETWEEN[gate] ?? []), '│', `${isLast ? '└' : '├'}── ${String(number).padStart(2)} ${gate}: ${title}`, ...(first === undefined ? [] : [`${stem}      └─▶ ${first}`]), ...rest.map((line) => `${stem}          ${line}`)]
}

function section(stage: Stage): string[] {
  const { number, gate, title, deny, hold } = stage
  if (gate === 'ingress') return []
  const { reads, proves, recorded } = SAID[gate]
  const file = `packages/core/src/chain/${two(number)}-${gate}.ts`
  return [
    `### ${number} ${gate}`, '',
    `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}. [\`${file}\`](../${file})`, '',
    `- **Reads**: ${reads}`, `- **Proves**: ${proves}`,
    ...(hold.length > 0 ? [`- **Holds with**: ${list(hold)}`] : []),
    `- **Denies with**: ${list(deny)}`,
    ...(recorded === undefined ? [] : [`- **Recorded**: ${recorded}`]), '',
  ]
}

/** The order of the gates as a page: a tree with the exit at each, then what each one reads and proves. `notYet`: codes that nothing answers with. */
export function chainPage(stages: readonly Stage[], notYet: readonly string[]): string {
  const [ingress, ...gates] = stages
  if (ingress === undefined) throw new Error('STAGES is empty')
  return [
    '<!-- Generated from STAGES in core by `npm run docs`. The words are in scripts/chain-page.ts. -->',
    '# The chain', '',
    'A call passes thirteen gates in one order. Each is a function from evidence and facts to a verdict: sync, pure, total. Evidence is an instance of a class with',
    'a private member that only the gate’s own file can make, so a gate that is skipped does not compile. The first failing code in the printed order answers.',
    'All of it on one screen: [`packages/core/src/enforce.ts`](../packages/core/src/enforce.ts). What each code says: [codes.md](codes.md).', '',
    '```text', 'a request',
    ...branch(ingress, false), ...gates.flatMap((stage, index) => branch(stage, index === gates.length - 1)),
    '       └─▶ released: the answer, and the id under which it is recorded', '```', '',
    '- A refusal of a token that verified is recorded in the tenant’s log before it is answered; from gate 11 on it is in the record of the outcome. Equal ones that one process refuses within a minute are one record with a count.',
    '- Ingress (0) stands before anybody is known. Floods are shed there too, whatever gate refused them: counted, not recorded.',
    '- Anything that breaks, takes too long or answers in the wrong shape refuses. `effect` says whether something happened at the vendor: `none`, `done`, `unknown`.',
    '- A write with an idempotency key that was made before ends at the admission: its kept answer is released once a record names the first call, or `idempotency_conflict` says why there is none. Nothing is reserved, consumed or dispatched.',
    ...(notYet.length === 0 ? [] : [`- In the catalogue and not answered by anything yet: ${list(notYet)}.`]), '',
    '## Who else asks', '',
    '| question | gates | effects |', '|---|---|---|',
    '| a call | 1 to 13 | all |',
    '| `tools/list` | 1 to 4 for the request, 5 to 8 (without arguments) for each tool | its record, once for each principal, reach and version of the facts |',
    '| `initialize`, `ping`, `server/discover` | 1 and 2 | none |',
    '| a session, before a host keeps one (`begin`) | 1 to 4 | none; a refusal’s record |',
    '| whoever listens, at each change (`watches`) | 1 to 8 (without arguments) for what changed | none; nobody is told why it is silent |',
    '| `explain` | 1 to 10; owners of records are taken for granted | its record; nothing is consumed or sent |',
    '| `dryRun` | 1 to 10 | asks the vendor for the owners of records |',
    '| `simulate` | `explain` and the list, before and after a change made on copies | as `explain` |',
    '| reading and voting on approvals | 1 and 2, then the rules for voters | the vote |',
    '| a secret for a token (`exchange`) | none: the secret proves who asks; what would refuse the token at gates 1 and 2, and scopes that the credential does not have, refuse it | its record, before the token is given out |',
    '| `revoke` | none: it is the operator’s | tokens end in every process, then its record |',
    '| a method that nobody classified | 1 to 4, then `method_unclassified` | the refusal’s record |', '',
    '## The gates', '',
    ...gates.flatMap(section),
  ].join('\n')
}
