import { Finding } from './verdict.ts'

/** Longer lines are refused before they are held in memory. */
const MAX_LINE = 1_048_576

/**
 * Lines without their newline, from chunks cut anywhere (a file stream, or lines that end in a newline). Every line must end in a newline:
 * the rest of a file that was cut off throws `file_truncated`. Holds one line and one chunk.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let held = 0
  for await (const chunk of chunks) {
    let rest = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)])
      if (line.length > MAX_LINE) throw tooLong()
      parts = []
      held = 0
      rest = rest.subarray(end + 1)
      yield line
    }
    held += rest.length
    if (held > MAX_LINE) throw tooLong()
    if (rest.length > 0) parts.push(Buffer.from(rest)) // a copy: a stream may reuse its buffer
  }
  if (held > 0) throw new Finding('file_truncated', 'The file ends in the middle of a line.')
}

const tooLong = (): Finding => new Finding('line_too_long', 'A line is longer than 1 MiB.')
