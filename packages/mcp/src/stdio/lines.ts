const NEWLINE = 10

/** The lines of a stream, without their newlines; undefined for one that is longer than `limit` bytes, of which nothing is kept. What comes last without a newline is no line. */
export async function* linesOf(input: AsyncIterable<unknown>, limit: number): AsyncGenerator<Buffer | undefined> {
  let pieces: Buffer[] = []
  let size = 0
  for await (const piece of input) {
    let rest = typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer)
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield size + end > limit ? undefined : Buffer.concat([...pieces, rest.subarray(0, end)])
      pieces = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    size += rest.length
    if (size > limit) pieces = []
    else if (rest.length > 0) pieces.push(rest)
  }
}
