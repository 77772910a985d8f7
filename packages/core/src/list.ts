import { describe, recordBody } from './record.ts'
import type { Request } from './call.ts'
import { deny } from './chain/verdict.ts'
import type { JsonSchema, Risk } from './connectors/connector.ts'
import type { TargetKind } from './connectors/own.ts'
import { enter } from './enforce.ts'
import { Fault } from './fault.ts'
import { tell, type Broken, type Denial, type Held } from './outcome.ts'
import { refuse, shed } from './refuse.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'
import { reachKey } from './tenancy/reach.ts'
import { visible, type Visible } from './visible.ts'

/** A listed tool as a host shows it. Built from what the chain decided; nothing in it says what else exists. */
export interface ListedTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly risk: Risk
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  /** The caller has to do this first, and can do it alone. */
  readonly cure?: 'scope_forbids' | 'step_up_required'
  /** A call is held until somebody else approves it. */
  readonly needsApproval: boolean
  /** Targets of the server's own connector: as MCP lists them. */
  readonly definition?: JsonSchema
}

export interface ToolList {
  readonly kind: 'list'
  readonly tools: readonly ListedTool[]
  /** Changes with anything that may change the list. */
  readonly version: number
  /** Calls of this principal in the running billing period: never what the tenant has left. */
  readonly calls: number
}

/** The method behind each list that there is. */
const METHODS: Readonly<Partial<Record<TargetKind, string>>> = { tool: 'tools/list', resource: 'resources/list', template: 'resources/templates/list', prompt: 'prompts/list' }

/** Lists recorded in this process, by (kind, principal, reach, facts' version): the first of each is in the log. */
const RECORDED = 10_000

/** `tools/list` and its siblings: the same chain as a call, and the same denial as a call from gates 1 to 4. */
export class Lister {
  readonly #runtime: Runtime
  readonly #recorded = new Map<string, Promise<unknown>>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  async list(request: Request, kind: TargetKind = 'tool'): Promise<ToolList | Denial | Held | Broken> {
    const runtime = this.#runtime
    const decisionId = runtime.ids.next('dec')
    const run = new Run(runtime, request)
    try {
      const entered = await enter(run)
      if (entered.kind !== 'pass') return await refuse(runtime, run, entered, decisionId)
      const base = entered.proof
      const { who, tenant } = base.scope.place
      if (!runtime.shedder.take(tenant, who.principal.id, who.credential?.id, base.now)) return shed(runtime, decisionId)
      const { ledger } = await runtime.doors.open(tenant)
      const key = JSON.stringify([kind, tenant, who.principal.id, who.claims.credential, who.claims.session, reachKey(base.scope.reach), base.snapshot.version])
      await this.#recordOnce(key, () => ledger.note({ kind: 'note', body: recordBody('list', { decision: decisionId, method: METHODS[kind] ?? kind, ...describe(run.subject) }) }))
      const { used } = await ledger.callsOf(who.principal.id)
      return { kind: 'list', tools: visible(base, kind).map(show), version: base.snapshot.version, calls: used }
    } catch (fault) {
      runtime.onFault(fault)
      runtime.count('faults')
      return fault instanceof Fault && fault.code === 'audit_unavailable' ? tell(deny('audit', 'audit_unavailable'), decisionId) : { kind: 'fault', effect: 'none', decisionId }
    }
  }

  /** Lists that come while the first one's record is being written wait for it, and write none of their own. */
  async #recordOnce(key: string, write: () => Promise<unknown>): Promise<void> {
    const known = this.#recorded.get(key)
    const written = known ?? write()
    if (known === undefined) {
      if (this.#recorded.size >= RECORDED) this.#recorded.clear()
      this.#recorded.set(key, written)
    }
    try {
      await written
    } catch (cause) {
      this.#recorded.delete(key)
      throw new Fault('audit_unavailable', 'The record could not be made durable.', { cause })
    }
  }
}

function show({ known, cure }: Visible): ListedTool {
  const { name, tool } = known.named
  const definition = tool.own?.definition
  return {
    name, title: tool.title, description: tool.description, risk: tool.risk, inputSchema: tool.advertised.input, outputSchema: tool.advertised.output,
    needsApproval: tool.risk === 'destructive', ...(cure === undefined ? {} : { cure }), ...(definition === undefined ? {} : { definition }),
  }
}
