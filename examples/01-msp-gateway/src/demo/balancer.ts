import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Of one connection only: not passed on (RFC 9110 §7.6.1). */
const OWN = new Set(['connection', 'keep-alive'])

/**
 * A small stand-in for what is in front of several gateways: each request goes to the next of them, whoever sent it and whatever it
 * belongs to. One that cannot be reached is skipped. What was sent to one that then dies is lost: nobody knows whether it had an effect.
 */
export class Balancer {
  readonly #server: Server
  readonly #underWay = new Map<string, number>()
  #next = 0

  /** `members` are addresses, e.g. `http://127.0.0.1:8081`. */
  constructor(members: readonly string[]) {
    for (const member of members) this.#underWay.set(member, 0)
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing, this.#inTurn()))
  }

  async listen(url: string): Promise<void> {
    this.#server.listen(Number(new URL(url).port), '127.0.0.1')
    await once(this.#server, 'listening')
    this.#server.unref() // what listens to nobody any more is no reason to stay
  }

  /** The members that have not answered everything yet. */
  busy(): readonly string[] {
    return Array.from(this.#underWay).flatMap(([member, requests]) => (requests > 0 ? [member] : []))
  }

  #inTurn(): readonly string[] {
    const members = Array.from(this.#underWay.keys())
    const first = this.#next++ % members.length
    return [...members.slice(first), ...members.slice(0, first)]
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, [member, ...others]: readonly string[]): void {
    if (member === undefined) {
      outgoing.writeHead(502).end()
      return
    }
    // A connection of its own for each: what fails before it stands was surely not sent.
    const { hostname, port } = new URL(member)
    const upstream = request({ hostname, port, method: incoming.method, path: incoming.url, headers: own(incoming.rawHeaders), agent: false })
    let sent = false
    const gone = (): void => void upstream.destroy()
    const count = (by: number): void => void this.#underWay.set(member, (this.#underWay.get(member) ?? 0) + by)
    outgoing.once('close', gone)
    upstream.once('socket', (socket) => socket.once('connect', () => {
      sent = true
      count(1)
      upstream.once('close', () => count(-1))
      incoming.pipe(upstream)
    }))
    upstream.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, own(answer.rawHeaders))
      outgoing.flushHeaders()
      answer.once('error', () => outgoing.destroy())
      answer.pipe(outgoing)
    })
    upstream.once('error', () => {
      outgoing.off('close', gone)
      if (!sent && !outgoing.destroyed) this.#pass(incoming, outgoing, others)
      else outgoing.destroy()
    })
  }
}

/** Names and values in turn, as node's raw headers are. */
function own(raw: readonly string[]): string[] {
  return raw.filter((_, index) => !OWN.has((raw[index - (index % 2)] ?? '').toLowerCase()))
}
