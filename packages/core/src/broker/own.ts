import { Fault } from '../fault.ts'
import type { Dispatcher, DispatchAnswer, DispatchJob } from '../ports/dispatcher.ts'

/**
 * Runs targets of the server's own connector here, where their code lives, whatever dispatcher the others have: there is no vendor, no
 * credential and nothing to isolate from. It answers when the call is cancelled even if the code hangs; the deadline is the caller's.
 */
export const withOwn = (vendors: Dispatcher, onFault: (fault: unknown) => void): Dispatcher => ({
  dispatch: (job) => (job.tool.own === undefined ? vendors.dispatch(job) : run(job, onFault)),
  owner: (job) => vendors.owner(job),
})

async function run(job: DispatchJob, onFault: (fault: unknown) => void): Promise<DispatchAnswer> {
  const { tool, input, signal, callId, tell = () => undefined, round, askable = [] } = job
  if (signal.aborted) return { kind: 'not_sent', code: 'cancelled' }
  const { promise: cancelled, resolve } = Promise.withResolvers<'cancelled'>()
  const cancel = (): void => resolve('cancelled')
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const answer = await Promise.race([finished((async () => tool.run({ input, customer: undefined, vendor: NO_VENDOR, signal, callId, tell, round, askable }))(), onFault), cancelled])
    return answer === 'cancelled' ? { kind: 'unknown', code: 'cancelled' } : answer
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Only codes leave: an error's text may hold anything. Whoever runs the server is told, or would never know why. */
const finished = (work: Promise<unknown>, onFault: (fault: unknown) => void): Promise<DispatchAnswer> =>
  work.then(
    (value) => ({ kind: 'succeeded', value }),
    (cause: unknown) => {
      onFault(new Fault('own_target_failed', 'A tool, prompt or resource of this server threw.', { cause }))
      return { kind: 'failed', failure: 'connector_failed', sent: true }
    },
  )

const nothing = (): Promise<never> => {
  const refused = Promise.reject<never>(new Error('There is no vendor.'))
  refused.catch(() => undefined) // abandoned, it would end the process
  return refused
}
const NO_VENDOR = { get: nothing, post: nothing, all: nothing }
