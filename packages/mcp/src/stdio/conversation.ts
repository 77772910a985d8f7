import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { INGRESS_LIMITS, parseJson, type Request as Asked } from '@portcullis/core'
import type { Host } from '../host.ts'
import { isId, readMessage, type Message, type MessageId } from '../message.ts'
import { HOST_BROKEN, ID_IN_FLIGHT, ingressRefusal, refusalResponse, tooMany, type Refusal } from '../refusals.ts'
import { headersOf, isEnveloped } from './as-posted.ts'
import { eventsOf } from './events.ts'
import { linesOf } from './lines.ts'

/** Requests that are answered at the same time, as in a session over HTTP. */
const MOST_IN_FLIGHT = 64

interface Ends {
  readonly host: Host
  readonly url: string
  readonly input: Readable
  readonly output: Writable
  /** With the token of this moment. */
  readonly asked: () => Promise<Asked>
  readonly onFault: ((fault: unknown) => void) | undefined
}

/** One client on the other end of two pipes. The host serves it as it would over HTTP; who is let in is not decided here. */
export class Conversation {
  readonly #ends: Ends
  readonly #gone = new AbortController()
  readonly #inFlight = new Map<MessageId, AbortController>()
  /** Of a client of 2025, once it has begun. */
  #sessionId: string | undefined

  constructor(ends: Ends) {
    this.#ends = ends
  }

  /** Until the client leaves. What it floods us with waits in its own pipe. */
  async run(): Promise<void> {
    const { input, output } = this.#ends
    output.on('error', () => this.end())
    try {
      for await (const line of linesOf(input, INGRESS_LIMITS.bytes)) await this.#take(line)
    } catch (fault) {
      if (!this.#gone.signal.aborted) throw fault
    } finally {
      this.end()
    }
  }

  end(): void {
    if (this.#gone.signal.aborted) return
    this.#gone.abort()
    this.#ends.input.destroy()
  }

  async #take(line: Buffer | undefined): Promise<void> {
    if (line?.toString('latin1').trim() === '') return
    const parsed = line === undefined ? ({ ok: false, code: 'request_too_large' } as const) : parseJson(line, INGRESS_LIMITS)
    if (!parsed.ok) return this.#refuse(ingressRefusal(parsed.code), null)
    const message = readMessage(parsed.value)
    const id = message?.id
    if (message === undefined || id === undefined) {
      if (message !== undefined) this.#cancel(message)
      return this.#exchange(parsed.value, message, this.#gone.signal)
    }
    // The error cannot carry the id: it would be taken for the answer to the first of the two.
    if (this.#inFlight.has(id)) return this.#refuse(ID_IN_FLIGHT, null)
    if (this.#inFlight.size >= MOST_IN_FLIGHT) return this.#refuse(tooMany(), id)
    const stop = new AbortController()
    this.#inFlight.set(id, stop)
    const answered = this.#exchange(parsed.value, message, AbortSignal.any([stop.signal, this.#gone.signal])).finally(() => {
      if (this.#inFlight.get(id) === stop) this.#inFlight.delete(id)
    })
    if (message.method === 'initialize') await answered // what follows belongs to the session that it begins
  }

  #cancel({ method, params: { requestId } }: Message): void {
    if (method !== 'notifications/cancelled' || !isId(requestId)) return
    this.#inFlight.get(requestId)?.abort()
    this.#inFlight.delete(requestId)
  }

  /** Posts one message and says whatever comes back, unless it was cancelled. A request is always answered. */
  async #exchange(body: unknown, message: Message | undefined, signal: AbortSignal): Promise<void> {
    const id = message?.id
    const headers = headersOf(message, this.#sessionId)
    try {
      const response = await this.#ends.host.fetch(new Request(this.#ends.url, { method: 'POST', headers, signal }), { body, request: await this.#ends.asked() })
      const last = await this.#relay(response, signal)
      if (id !== undefined && !signal.aborted && !isAnswer(last)) await this.#refuse(HOST_BROKEN, id)
      if (message?.method === 'initialize' && !isEnveloped(message)) this.#begin(response.headers.get('mcp-session-id'))
    } catch (fault) {
      if (signal.aborted) return
      this.#ends.onFault?.(fault)
      if (id !== undefined) await this.#refuse(HOST_BROKEN, id)
    }
  }

  /** A client of 2025 hears of changes as long as its session lasts. */
  #begin(sessionId: string | null): void {
    if (sessionId === null || this.#sessionId !== undefined) return
    this.#sessionId = sessionId
    this.#hear(sessionId).catch((fault: unknown) => {
      if (!this.#gone.signal.aborted) this.#ends.onFault?.(fault)
    })
  }

  async #hear(sessionId: string): Promise<void> {
    const { host, url, asked } = this.#ends
    const { signal } = this.#gone
    const headers = { accept: 'text/event-stream', 'mcp-session-id': sessionId }
    const changes = await host.fetch(new Request(url, { headers, signal }), { request: await asked() })
    if (changes.ok) await this.#relay(changes, signal)
  }

  /** The last of what was said. */
  async #relay(response: Response, signal: AbortSignal): Promise<string> {
    const body = response.body as ReadableStream<Uint8Array> | null
    if (body === null) return ''
    let last = ''
    const texts = response.headers.get('content-type')?.startsWith('text/event-stream') === true ? eventsOf(body) : [await response.text()]
    for await (const text of texts) {
      if (signal.aborted) return ''
      await this.#say(text)
      last = text
    }
    return last
  }

  async #refuse(refusal: Refusal, id: MessageId | null): Promise<void> {
    await this.#say(await refusalResponse(refusal, id).text())
  }

  /** One line, which must not hold another: in JSON a newline can only be white space. Whoever has gone waits for nothing. */
  async #say(text: string): Promise<void> {
    const { output } = this.#ends
    if (this.#gone.signal.aborted || text === '') return
    if (!output.write(`${text.replaceAll(/[\r\n]+/g, ' ')}\n`)) await once(output, 'drain', { signal: this.#gone.signal }).catch(() => undefined)
  }
}

/** Notes and questions have a method. */
const isAnswer = (text: string): boolean => text !== '' && !(text.includes('"method"') && 'method' in (JSON.parse(text) as object))
