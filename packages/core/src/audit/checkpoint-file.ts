import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CheckpointSink } from '../ports/checkpoint-sink.ts'
import { LogFault } from './log-fault.ts'

/**
 * Appends checkpoints to a file, one JSON line `{"origin","note"}` each, and resolves after fsync. Never shortens the file; throws
 * `checkpoint_file_shortened` if somebody else did. Worth as much as the file's distance from the log: put it on another machine or medium.
 */
export function checkpointFile(path: string): CheckpointSink {
  let expected = 0
  let last: Promise<void> = Promise.resolve()

  async function append(line: string): Promise<void> {
    const file = await open(path, 'a+')
    try {
      const { size } = await file.stat()
      if (size < expected) throw new LogFault('checkpoint_file_shortened', `the checkpoint file had ${expected} bytes and has ${size}`)
      // A crash may have left half a line: close it, so that it spoils no other. Readers skip lines that are not whole.
      const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a
      await file.appendFile(torn ? `\n${line}` : line)
      await file.sync()
      expected = (await file.stat()).size
      if (size === 0) await syncFolder(dirname(path)) // a new name is durable only with its folder
    } finally {
      await file.close()
    }
  }

  return {
    publish(tenantOrigin, note) {
      const line = `${JSON.stringify({ origin: tenantOrigin, note })}\n`
      const turn = last.then(() => append(line))
      last = turn.catch(() => undefined) // one failure belongs to its caller alone
      return turn
    },
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
