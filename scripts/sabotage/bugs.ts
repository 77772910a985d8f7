import { ADAPTER_BUGS } from './adapter-bugs.ts'
import type { Bug, Suite } from './bug.ts'

const core = (...files: readonly string[]): Suite => ({ project: 'core', files: files.map((file) => `packages/core/test/${file}.test.ts`) })
const src = (file: string): string => `packages/core/src/${file}.ts`
const shortcuts = core('chain/shortcuts')
const laws: Suite = { project: 'testing', files: ['packages/testing/test/laws/memory.test.ts'] }

/** After a refactoring a text below is found no more; then the run says so, and the bug is to be planted where its code went. */
export const BUGS: readonly Bug[] = [
  {
    name: 'tenant-filter-dropped',
    danger: 'Every tenant is handed the store of the first one.',
    edits: [{ file: src('memory/memory-storage'), find: 'const known = doors.get(id)', replace: 'const [known] = doors.values()' }],
    suites: [laws],
    expect: /tenant\/apart/,
  },
  {
    name: 'tenant-mismatch-ignored',
    danger: 'A request that names another tenant than its token does is let through gate 2.',
    edits: [{ file: src('chain/02-tenant'), find: 'named.some((name) => name !== tenant)', replace: "named.some((name) => name === '')" }],
    suites: [shortcuts],
    expect: /TEN-05: a request that names another tenant/,
  },
  {
    name: 'may-know-always',
    danger: 'Somebody who only sees bills learns which tools exist.',
    edits: [{ file: src('roles/role'), find: '(roles & ~BILLING_ONLY) !== 0', replace: '(roles | ~BILLING_ONLY) !== 0' }],
    suites: [core('chain/request')],
    expect: /tool_unknown.*whatever makes it unknown/,
  },
  {
    name: 'quota-compared-with-or-equal',
    danger: 'One call more than is included.',
    edits: [{ file: src('quotas/reserve'), find: 'usage.used + usage.reserved < plan.included', replace: 'usage.used + usage.reserved <= plan.included' }],
    suites: [laws],
    expect: /quota\/exact/,
  },
  {
    name: 'freshness-swapped',
    danger: 'Facts of any age decide.',
    edits: [{ file: src('tenancy/freshness'), find: 'now - asOf <= MAX_AGE &&', replace: 'asOf - now <= MAX_AGE &&' }],
    suites: [shortcuts],
    expect: /CH-04: facts of 120 s decide, older ones do not/,
  },
  {
    name: 'binding-ends-too-late',
    danger: 'A binding still holds at the moment at which it has ended.',
    edits: [{ file: src('chain/03-customer'), find: 'now < (binding.until ?? Infinity)', replace: 'now <= (binding.until ?? Infinity)' }],
    suites: [core('chain/request')],
    expect: /a binding begins and ends to the millisecond/,
  },
  {
    name: 'audit-after-dispatch',
    danger: 'A call is sent before anything durable says that it will be.',
    edits: [{
      file: src('passage'),
      find: 'const answer = await this.#durable(ledger.admit(item))',
      replace: "void this.#durable(ledger.admit(item)).catch(() => undefined)\n    const answer: AdmitAnswer = { kind: 'admitted', seq: 0, at: 0 }",
    }],
    suites: [shortcuts],
    expect: /CH-12: nothing is sent while the intent is not durable/,
  },
  {
    name: 'answer-before-outcome',
    danger: 'A call is answered before anything durable says how it went.',
    edits: [{
      file: src('passage'),
      find: "const closed = await ledger.complete({ kind: 'complete', callId: this.decisionId, status, keep: status === 'not_sent' ? undefined : this.#keep(verdict), body })",
      replace: "void ledger.complete({ kind: 'complete', callId: this.decisionId, status, keep: status === 'not_sent' ? undefined : this.#keep(verdict), body }).catch(() => undefined)\n      const closed: CloseAnswer = { kind: 'closed', seq: 0 }",
    }],
    suites: [shortcuts],
    expect: /CH-12: nothing is answered while the outcome is not durable/,
  },
  {
    name: 'tokens-remembered-by-jti',
    danger: 'A token with a forged signature is taken for the one whose id it copied.',
    edits: [{
      file: src('identity/verified-tokens'),
      find: "hash('sha256', token,",
      replace: String.raw`hash('sha256', /"jti":"([^"]*)"/.exec(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())?.[1] ?? token,`,
    }],
    suites: [core('identity/verifier')],
    expect: /a live id is no password/,
  },
  {
    name: 'rotated-credential-accepted',
    danger: 'A token outlives the rotation of the credential that it was exchanged for.',
    edits: [{ file: src('chain/01-authenticate'), find: ' || epochs[1] !== credential.epoch', replace: '' }],
    suites: [shortcuts],
    expect: /ID-06: a token of a credential that was rotated since/,
  },
  {
    name: 'approval-not-consumed',
    danger: 'One approval serves any number of calls.',
    edits: [{ file: src('ledger/admit'), find: "state: 'consumed', closedAt: now", replace: "state: 'granted', closedAt: now" }],
    suites: [laws, shortcuts],
    expect: /approval\/once/,
  },
  {
    name: 'digest-before-defaults',
    danger: 'What is approved is what was sent, not what will be dispatched.',
    edits: [{ file: src('chain/08-arguments'), find: 'arguments: this.#prepared.input', replace: 'arguments: this.#prepared.sent' }],
    suites: [shortcuts],
    expect: /AP-01: a default that is left out and one that is written out are one call/,
  },
  {
    name: 'agent-may-vote',
    danger: "An agent approves with its person's rights. Four places forbid it, and each has to be broken.",
    edits: [
      { file: src('approve'), find: "who.principal.kind !== 'human'", replace: "who.principal.kind === 'service'" },
      { file: src('approvals/eligible'), find: "voter.kind !== 'human'", replace: "voter.kind === 'service'" },
      { file: src('approvals/eligible'), find: 'directory.bindings.get(voter.id)', replace: 'directory.bindings.get(voter.agent?.human ?? voter.id)' },
      { file: src('identity/second-factor'), find: ' && claims.actor === undefined', replace: '' },
    ],
    suites: [shortcuts],
    expect: /AP-02: an agent does not vote/,
  },
  {
    name: 'quota-read-then-write',
    danger: 'Calls at the same time all see the last unit and all take it.',
    edits: [{
      file: src('ledger/embedded'),
      find: 'admit: (item) => push<AdmitAnswer>(item),',
      replace: `admit: async (item) => {
      const judged = judgeAdmission(store.view, item, clock.now())
      return judged.kind === 'quota' ? judged : push<AdmitAnswer>({ ...item, limits: { ...item.limits, overage: true } })
    },`,
    }],
    suites: [laws],
    expect: /quota\/exact/,
  },
  {
    name: 'authorization-not-read-again',
    danger: 'A right that was taken away between decision and admission still counts.',
    edits: [{ file: src('ledger/admit'), find: 'authorization !== item.authorization', replace: 'authorization < item.authorization' }],
    suites: [laws],
    expect: /call\/changed/,
  },
  {
    name: 'nested-lists-not-narrowed',
    danger: "A record of the customer brings other customers' records along in its lists.",
    edits: [{ file: src('connectors/narrow-list'), find: '  if (element.plain) return PLAIN', replace: "  if (element.plain || place === 'record') return PLAIN" }],
    suites: [core('connectors/narrow', 'connectors/narrow.property')],
    expect: /nested ones again inside those that stay/,
  },
  {
    name: 'marks-read-with-has',
    danger: 'A key that was refined is no key any more, and its record is no record.',
    edits: [{ file: src('connectors/marks'), find: 'return marks.get(schema)', replace: 'return marks.has(schema) ? marks.get(schema) : undefined' }],
    suites: [core('connectors/marks')],
    expect: /CUS-08: a key survives (?:min|int|refine|check)$/,
  },
  {
    name: 'ownership-skipped',
    danger: "A write changes another customer's record.",
    edits: [{ file: src('chain/08-arguments'), find: 'owners.length === claimed.length && owners', replace: 'owners.length === claimed.length || owners' }],
    suites: [shortcuts],
    expect: /CUS-11: a write that names somebody else's record/,
  },
  {
    name: 'owner-asked-before-the-note',
    danger: "Records of a vendor are read and nothing durable says so: an 'await' is missing.",
    edits: [
      { file: src('owners'), find: 'const noted = await runtime.refusals.note(', replace: 'void runtime.refusals.note(' },
      { file: src('owners'), find: "    if (noted === 'shed') return SHED\n", replace: '' },
    ],
    suites: [shortcuts],
    expect: /IS-07: no owner is asked for while the record of the asking is not durable/,
  },
  {
    name: 'refusal-told-before-its-record',
    danger: "A repeated refusal is answered although its record was never written: an 'await' is missing.",
    edits: [{ file: src('refusals'), find: 'await known.durable', replace: 'void known.durable' }],
    suites: [shortcuts],
    expect: /CH-14: an equal refusal is not answered while the first one is not durable/,
  },
  {
    name: 'list-cached-across-principals',
    danger: 'Whoever lists next sees the tools of whoever listed first.',
    edits: [
      { file: src('list'), find: '  readonly #recorded = new Map<string, Promise<unknown>>()', replace: '  readonly #recorded = new Map<string, Promise<unknown>>()\n  readonly #lists: Record<string, readonly ListedTool[]> = {}' },
      { file: src('list'), find: 'tools: visible(base, kind).map(show)', replace: 'tools: (this.#lists[`${kind} ${tenant} ${base.snapshot.version}`] ??= visible(base, kind).map(show))' },
    ],
    suites: [shortcuts],
    expect: /CH-15: a list is of the one who asks/,
  },
  {
    name: 'secrets-not-looked-for',
    danger: 'An answer carries the credential to the model.',
    edits: [{ file: src('chain/13-respond'), find: 'echoes(text, secretStrings(answered.injected))', replace: 'echoes(text, secretStrings([]))' }],
    suites: [shortcuts],
    expect: /SEC-03: an answer that holds the credential/,
  },
  {
    name: 'old-facts-published-again',
    danger: 'A process puts its old facts in the place of those that another one has published since.',
    edits: [{ file: src('memory/world-plane'), find: 'published.add(facts)', replace: 'published.delete(facts)' }],
    suites: [core('tenancy/several-processes')],
    expect: /CH-04: of two processes with different facts/,
  },
  {
    name: 'unknown-standing-renewed',
    danger: 'What the store could not say counts as unchanged: ended tokens hold as long as it is silent.',
    edits: [
      { file: src('tenancy/standings'), find: "kept === undefined || fresh === 'unknown'", replace: 'kept === undefined' },
      { file: src('tenancy/standings'), find: '    if (fresh !== undefined) {', replace: "    if (fresh !== undefined && fresh !== 'unknown') {" },
    ],
    suites: [core('tenancy/several-processes')],
    expect: /store that lies, or cannot be asked/,
  },
  {
    name: 'idempotency-fingerprint-ignored',
    danger: 'Another call with the same key gets the answer of the first one.',
    edits: [{ file: src('ledger/repeat'), find: 'kept.fingerprint !== asked.fingerprint', replace: "asked.fingerprint === ''" }],
    suites: [laws],
    expect: /idempotency\/conflict/,
  },
  {
    name: 'kept-answer-before-its-record',
    danger: 'A repeated call is answered and nothing durable says so.',
    edits: [
      { file: src('repeat'), find: 'const noted = await runtime.refusals.note(', replace: 'void runtime.refusals.note(' },
      { file: src('repeat'), find: 'effect }, callId)\n', replace: 'effect }, callId).catch(() => undefined)\n' },
      { file: src('repeat'), find: "return noted === 'shed' ? shed(runtime, decisionId) : kept", replace: 'return kept' },
    ],
    suites: [core('chain/idempotency')],
    expect: /a repeat that cannot be recorded is not answered/,
  },
  ...ADAPTER_BUGS,
]
