import { Writable } from 'node:stream'

export interface OwnStdout {
  readonly output: Writable
  giveBack(): void
}

/** Keeps the standard output of this process for the protocol: whatever else writes to it, such as `console.log`, is led to the standard error. */
export function ownStdout({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'> = process): OwnStdout {
  const write = stdout.write.bind(stdout)
  const output = new Writable({ write: (chunk: Uint8Array, _, done) => void write(chunk, done) })
  const broken = (fault: Error): void => void output.destroy(fault)
  stdout.on('error', broken)
  stdout.write = stderr.write.bind(stderr)
  return {
    output,
    giveBack() {
      stdout.write = write
      // What fails after the end is nobody's any more, and must not end the process.
      stdout.on('error', () => undefined).off('error', broken)
    },
  }
}
