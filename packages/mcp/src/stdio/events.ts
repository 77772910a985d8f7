/** The data of each server-sent event of a stream, as it comes; comments and events without data are passed over. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = ''
  for await (const piece of body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    const events = (text + piece).split(/\r?\n\r?\n/)
    text = events.pop() ?? ''
    for (const event of events) {
      const data = Array.from(event.matchAll(/^data: ?(.*)$/gm), ([, line]) => line).join('\n')
      if (data !== '') yield data
    }
  }
}
