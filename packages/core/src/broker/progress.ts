export type WriteEnd = 'done' | 'refused' | 'lost'

/** What one call has sent so far: it decides between `failed` and `unknown` when the call ends badly. */
export interface Progress {
  /** Requests handed to the network, reads included. */
  requests: number
  /** Connector code asked for an endpoint it may not reach. */
  forbidden: boolean
  readonly write: () => { readonly number: number; readonly end: (how: WriteEnd) => void }
  /** Writes on their way, ended without a trustworthy answer, or answered with success. */
  readonly counts: () => { readonly pending: number; readonly lost: number; readonly done: number }
}

export function createProgress(): Progress {
  let number = 0
  const counts = { pending: 0, lost: 0, done: 0, refused: 0 }
  return {
    requests: 0,
    forbidden: false,
    write: () => {
      number++
      counts.pending++
      return {
        number,
        end: (how) => {
          counts.pending--
          counts[how]++
        },
      }
    },
    counts: () => counts,
  }
}
