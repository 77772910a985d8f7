/**
 * Reads at most `limit` bytes; undefined when there is more. The rest is left where it is: cancelling the stream would take the
 * connection down before the refusal is sent. Rejects when the client breaks off.
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return undefined
  if (request.body === null) return new Uint8Array()
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    size += value.byteLength
    if (size > limit) return undefined
    chunks.push(value)
  }
}

/** The media type without its parameters. */
export const hasType = (request: Request, type: string): boolean => request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() === type
