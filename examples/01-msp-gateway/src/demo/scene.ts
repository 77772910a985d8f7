import { z } from 'zod'
import type { Msp } from '../vendors/world.ts'
import type { Store } from '../storage.ts'
import { ASSISTANT, type Person, type Plan, type ServiceAccount } from '../world.ts'
import { connect, type Agent, type ClientOptions } from './agent.ts'
import type { Gateways } from './gateways.ts'
import { changePlan, type Holdings } from './set-up.ts'
import type { Running, Stage } from './stage.ts'
import type { Story } from './story.ts'

interface At extends ClientOptions {
  readonly endpoint?: string
}

/** What is on stage: the processes, who holds what, and what earlier steps leave for later ones. */
export class Scene {
  readonly story: Story
  readonly stage: Stage
  readonly store: Store
  readonly holdings: Readonly<Record<Msp, Holdings>>
  readonly halo: Running
  hudu: Running
  readonly gateway: Gateways
  /** The tools of Northwind's calls whose results have reached a client: its log must never lose one. */
  readonly acknowledged: string[] = []

  constructor(parts: Pick<Scene, 'story' | 'stage' | 'store' | 'holdings' | 'halo' | 'hudu' | 'gateway'>) {
    this.story = parts.story
    this.stage = parts.stage
    this.store = parts.store
    this.holdings = parts.holdings
    this.halo = parts.halo
    this.hudu = parts.hudu
    this.gateway = parts.gateway
  }

  /** The MSP books something else; this example reads its world when it starts. */
  async book(msp: Msp, plan: Plan): Promise<void> {
    await this.gateway.stop()
    await changePlan(this.stage.path('site.json'), msp, plan)
    await this.gateway.start()
  }

  /** A service account exchanges its secret for a token (RFC 6749 §4.4), narrowed to one endpoint if wished (RFC 8707). */
  async tokenOf(msp: Msp, account: ServiceAccount, endpoint?: string): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_secret: this.holdings[msp].secrets[account], ...(endpoint === undefined ? {} : { resource: `${this.gateway.url}${endpoint}` }) })
    const response = await fetch(`${this.gateway.url}/oauth/token`, { method: 'POST', body: form })
    return z.object({ access_token: z.string() }).parse(await response.json()).access_token
  }

  /** A person signs in at their own MSP. */
  signIn(msp: Msp, person: Person, how: { readonly secondFactor?: boolean } = {}): Promise<string> {
    return this.holdings[msp].issuer.signIn({ person, audience: this.gateway.url, ...how })
  }

  /** A session of the desk assistant, acting for a person. */
  assistantOf(msp: Msp, person: Person): Promise<string> {
    return this.holdings[msp].issuer.signIn({ person, audience: this.gateway.url, client: ASSISTANT })
  }

  /** The MCP client of a service account, where nothing else is said at its MSP's customer Acme. */
  async agent(msp: Msp, account: ServiceAccount, how: At = {}): Promise<Agent> {
    return this.#connect(msp, await this.tokenOf(msp, account), how)
  }

  /** The MCP client of the desk assistant in a session for a person. */
  async assistant(msp: Msp, person: Person, how: At = {}): Promise<Agent> {
    return this.#connect(msp, await this.assistantOf(msp, person), how)
  }

  async #connect(msp: Msp, token: string, { endpoint = '/mcp/customers/acme', ...options }: At): Promise<Agent> {
    const agent = await connect(`${this.gateway.url}${endpoint}`, token, options)
    return {
      ...agent,
      call: async (tool, args, meta) => {
        const answer = await agent.call(tool, args, meta)
        if (msp === 'northwind' && answer.kind === 'result') this.acknowledged.push(tool)
        return answer
      },
    }
  }
}
