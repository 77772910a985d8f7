import { progressTokenOf } from '../envelope.ts'
import type { Visit } from './call.ts'
import { inCall } from './connection.ts'
import { scrub } from './scrub.ts'

/** Runs a handler that has no call: it says nothing and asks nothing before it answers. */
export async function quietly({ connection, message, context, caller, original }: Visit, request: unknown): Promise<unknown> {
  if (original === undefined) return undefined
  const call = connection.begin(message.id, message.method, progressTokenOf(message))
  try {
    return await inCall.run(call, async () => original(request, scrub(context, { caller })))
  } finally {
    connection.end(call)
  }
}
