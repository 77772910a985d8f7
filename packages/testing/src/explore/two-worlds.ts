import type { World, WorldTenant } from '@portcullis/core'
import type { CallLiteral, RequestLiteral } from '../arbitrary/call.ts'
import type { Step } from '../arbitrary/step.ts'
import { changed } from '../world/change.ts'
import { tokenOf } from '../world/tokens.ts'
import { settled } from '../world/virtual-clock.ts'
import { openScene, type Scene, type Stage } from './scene.ts'

/** Steps of the observed party, each followed by those of the other. */
export interface Round {
  readonly observed: Step
  readonly other: readonly Step[]
}

export interface Transcript {
  /** What the observed party was told, byte by byte. */
  readonly told: readonly string[]
  /** The log of the observed party's tenant. */
  readonly log: readonly string[]
}

/**
 * Plays both parties' steps and writes down all that the observed one can see. Non-interference is that two transcripts are equal
 * when everything that is not the observed party's differs: its world, its steps, its approvals.
 */
export async function transcript(world: World, rounds: readonly Round[], stage: Stage, tenant: string): Promise<Transcript> {
  const scene = await openScene(world, stage)
  const told: string[] = []
  const observed = new Party(scene, world, 'a')
  const other = new Party(scene, world, 'b')
  for (const round of rounds) {
    told.push(await observed.step(round.observed, other.approvals))
    for (const step of round.other) await other.step(step, observed.approvals)
  }
  const log: string[] = []
  for await (const line of scene.portcullis.exportLog(tenant)) log.push(Buffer.from(line).toString())
  await scene.portcullis.close()
  return { told, log }
}

class Party {
  readonly #scene: Scene
  readonly #name: string
  readonly #tenants: Record<string, WorldTenant>
  readonly #calls: CallLiteral[] = []
  readonly approvals: string[] = []

  constructor(scene: Scene, world: World, name: string) {
    this.#scene = scene
    this.#name = name
    this.#tenants = { ...world.tenants }
  }

  /** `foreign`: approvals of the other party, which `invented` stands for when there are any. */
  async step(step: Step, foreign: readonly string[]): Promise<string> {
    const { ids, portcullis, clock, plane } = this.#scene
    ids.step(this.#name)
    switch (step.kind) {
      case 'call': {
        this.#calls.push(step.call)
        const seen = step.look === 'none' ? '' : JSON.stringify(await portcullis.explain(this.#real(step.call, foreign), 'caller'))
        return `${seen}${await this.#call(step.call, foreign)}`
      }
      case 'again': {
        const call = this.#calls[step.of % Math.max(1, this.#calls.length)]
        if (call === undefined) return ''
        return this.#call(step.how === 'same' ? call : { ...call, approval: step.how === 'named' ? this.approvals.length - 1 : 'invented' }, foreign)
      }
      case 'list':
        return JSON.stringify(await portcullis.list(this.#asked(step.request)))
      case 'vote':
        return JSON.stringify(await portcullis.approvals.vote(this.#asked(step.request), this.#idOf(step.approval, foreign), { decision: step.decision, reason: 'because' }))
      case 'time':
        clock.jump(Math.abs(step.ms))
        await settled()
        return ''
      case 'change': {
        const before = this.#tenants[step.tenant]
        if (before === undefined) return ''
        this.#tenants[step.tenant] = changed(before, step.change, clock.now())
        await plane.change(step.tenant, this.#tenants[step.tenant] ?? before)
        return ''
      }
    }
  }

  async #call(call: CallLiteral, foreign: readonly string[]): Promise<string> {
    const outcome = await this.#scene.portcullis.enforce(this.#real(call, foreign))
    if (outcome.kind === 'hold' && outcome.approvalId !== undefined && !this.approvals.includes(outcome.approvalId)) this.approvals.push(outcome.approvalId)
    return JSON.stringify(outcome)
  }

  /** Always of one length, as the ids of a real source are. */
  #idOf(approval: number | 'invented', foreign: readonly string[]): string {
    return (approval === 'invented' ? foreign.at(-1) : this.approvals[approval]) ?? 'apr_z0000000000'
  }

  #asked({ token, endpoint, tenantsNamed }: RequestLiteral) {
    return { token: token === undefined ? undefined : tokenOf(token, this.#scene.clock.now()), endpoint, tenantsNamed }
  }

  #real(call: CallLiteral, foreign: readonly string[]) {
    const { tool, arguments: sent, approval, idempotencyKey } = call
    return { ...this.#asked(call), tool, ...(sent === undefined ? {} : { arguments: sent }), ...(idempotencyKey === undefined ? {} : { idempotencyKey }), ...(approval === undefined ? {} : { approvalId: this.#idOf(approval, foreign) }) }
  }
}
