import type { MessageId } from './message.ts'
import { refusalResponse } from './refusals.ts'
import type { Exchange } from './exchange.ts'
import { errorIn } from './fixed-words.ts'

export const isStream = (response: Response): boolean => response.headers.get('content-type')?.startsWith('text/event-stream') === true

/** In a session every answer is a stream. One that begins with a refusal becomes a plain response, so that it can have a status and headers. */
export async function unlessRefused(response: Response, exchange: Exchange, id: MessageId | null): Promise<Response> {
  if (response.body === null || !isStream(response)) return response
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const first = await reader.read()
  if (exchange.refusal !== undefined && isLast(first.value)) {
    await reader.cancel()
    return refusalResponse(exchange.refusal, id)
  }
  const error = exchange.ran || first.value === undefined ? undefined : errorIn(dataOf(first.value), response.status)
  if (error !== undefined) {
    await reader.cancel()
    return new Response(error, { status: response.status, headers: { 'content-type': 'application/json' } })
  }
  const rest = new ReadableStream<Uint8Array>({
    start(controller) {
      if (first.value !== undefined) controller.enqueue(first.value)
      if (first.done) controller.close()
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return new Response(rest, response)
}

/** Of the one event that the SDK writes at once. */
const dataOf = (chunk: Uint8Array): string => /^data: (.*)$/m.exec(Buffer.from(chunk).toString('utf8'))?.[1] ?? ''

/** Whether an event is the response itself: notes and questions have a method. */
const isLast = (chunk: Uint8Array | undefined): boolean => chunk !== undefined && !/"method"\s*:/.test(Buffer.from(chunk).toString('utf8'))
