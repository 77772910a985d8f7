import type { World } from '@portcullis/core'
import type { CallLiteral, RequestLiteral } from '../arbitrary/call.ts'
import type { Step } from '../arbitrary/step.ts'
import { Oracle } from '../oracle/oracle.ts'
import { changed } from '../world/change.ts'
import type { Definitions } from '../world/catalogue.ts'
import { tokenOf } from '../world/tokens.ts'
import { settled } from '../world/virtual-clock.ts'
import { compareExplanation, compareList, compareOutcome, compareStopped, same } from './compare.ts'
import { checkDispatch } from './dispatched.ts'
import type { Reach } from './reach.ts'
import { openScene, type Scene, type Stage } from './scene.ts'

export const definitionsOf = ({ connectors }: Pick<Stage, 'connectors'>): Definitions => (connector, tool) =>
  connectors.find(({ id }) => id === connector)?.tools.get(tool)?.hash ?? ''

/** Plays one history on the product and on the oracle, and throws at the first step at which they differ. */
export async function play(world: World, history: readonly Step[], stage: Stage, reach: Reach): Promise<void> {
  const scene = await openScene(world, stage)
  const oracle = new Oracle(world, definitionsOf(stage))
  try {
    await new Player(scene, oracle, reach).run(history)
  } finally {
    await scene.portcullis.close()
  }
}

class Player {
  readonly #scene: Scene
  readonly #oracle: Oracle
  readonly #reach: Reach
  readonly #calls: CallLiteral[] = []
  /** What the product calls the approvals that the oracle numbers. */
  readonly #approvals: string[] = []

  constructor(scene: Scene, oracle: Oracle, reach: Reach) {
    this.#scene = scene
    this.#oracle = oracle
    this.#reach = reach
  }

  async run(history: readonly Step[]): Promise<void> {
    for (const step of history) {
      this.#scene.ids.step()
      await this.#step(step)
      this.#scene.weather('clear')
    }
  }

  async #step(step: Step): Promise<void> {
    const { clock, plane, weather } = this.#scene
    switch (step.kind) {
      case 'call':
        this.#calls.push(step.call)
        if (step.look !== 'none' && step.weather === 'clear') await this.#explain(step.call, step.look)
        weather(step.weather)
        return this.#call(step.call, step.weather)
      case 'again': {
        const call = this.#calls[step.of % Math.max(1, this.#calls.length)]
        if (call === undefined) return
        const { arguments: sent, ...rest } = call
        if (step.how === 'same') return this.#call(call, 'clear')
        return this.#call({ ...rest, ...(step.how === 'bare' ? {} : { arguments: sent }), approval: Math.max(0, this.#approvals.length - 1) }, 'clear')
      }
      case 'list':
        weather(step.weather)
        return this.#list(step.request, step.weather)
      case 'vote':
        return this.#vote(step)
      case 'time':
        // Back only from the latest moment: from further back no step of a second would ever lead into the light again.
        clock.jump(step.ms > 0 || clock.now() >= this.#oracle.latest ? step.ms : 61_000)
        return settled()
      case 'change': {
        const before = this.#oracle.tenant(step.tenant)
        if (before === undefined) return
        const next = changed(before, step.change, clock.now())
        await plane.change(step.tenant, next)
        return this.#oracle.change(step.tenant, next)
      }
    }
  }

  async #call(call: CallLiteral, weather: Parameters<Oracle['call']>[2]): Promise<void> {
    const expected = this.#oracle.call(call, this.#now, weather)
    const { dispatched, portcullis } = this.#scene
    const before = dispatched.length
    const actual = await portcullis.enforce(this.#real(call))
    if (expected.kind !== 'result') this.#reach.meet(expected.code)
    if (expected.again === true) this.#reach.meet('again')
    compareOutcome(expected, actual, this.#approvals)
    checkDispatch(expected, dispatched.slice(before), call, (tenant) => this.#oracle.tenant(tenant))
  }

  async #explain(call: CallLiteral, look: 'explain' | 'dry'): Promise<void> {
    const expected = this.#oracle.explain(call, this.#now, look)
    const { portcullis } = this.#scene
    const actual = look === 'dry' ? await portcullis.dryRun(this.#real(call)) : await portcullis.explain(this.#real(call), 'operator')
    // A dry run is for callers, who are never told that a tool is unknown.
    const hides = look === 'dry' && expected.kind !== 'clear' && expected.code === 'tool_unknown'
    if (hides) same('a dry run', 'snapshot', actual.stoppedAt)
    else compareExplanation(expected, actual)
  }

  async #list(request: RequestLiteral, weather: Parameters<Oracle['list']>[2]): Promise<void> {
    const expected = this.#oracle.list(request, this.#now, weather)
    if (expected.kind !== 'list') this.#reach.meet(expected.code)
    compareList(expected, await this.#scene.portcullis.list(this.#asked(request)))
  }

  async #vote({ request, approval, decision }: Extract<Step, { kind: 'vote' }>): Promise<void> {
    const expected = this.#oracle.vote(request, approval === 'invented' ? undefined : approval, decision, this.#now)
    const actual = await this.#scene.portcullis.approvals.vote(this.#asked(request), this.#idOf(approval), { decision, reason: 'because' })
    if ('code' in expected) this.#reach.meet(expected.code)
    if ('gate' in expected) return compareStopped('a vote', expected, actual as Parameters<typeof compareStopped>[2], [])
    const wanted = 'code' in expected ? { kind: expected.kind, code: expected.code } : { kind: 'approval', state: expected.state }
    same('a vote', wanted, actual.kind === 'approval' ? { kind: actual.kind, state: actual.state } : { kind: actual.kind, code: 'code' in actual ? actual.code : undefined })
  }

  get #now(): number {
    return this.#scene.clock.now()
  }

  #idOf(approval: number | 'invented'): string {
    return (approval === 'invented' ? undefined : this.#approvals[approval]) ?? 'apr_nobody'
  }

  #asked({ token, endpoint, tenantsNamed }: RequestLiteral) {
    return { token: token === undefined ? undefined : tokenOf(token, this.#now), endpoint, tenantsNamed }
  }

  #real(call: CallLiteral) {
    const { tool, arguments: sent, approval, idempotencyKey } = call
    return { ...this.#asked(call), tool, ...(sent === undefined ? {} : { arguments: sent }), ...(idempotencyKey === undefined ? {} : { idempotencyKey }), ...(approval === undefined ? {} : { approvalId: this.#idOf(approval) }) }
  }
}
