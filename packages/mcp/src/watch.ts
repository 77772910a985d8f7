import type { Portcullis, Request as Asked } from '@portcullis/core'
import type { Change } from './changes.ts'

/** Resources that one connection, session or stream may watch. */
export const MOST_WATCHED = 32

/** Whether there is room for it among what is watched. */
export const mayWatch = (watched: ReadonlySet<string>, uri: string): boolean => watched.has(uri) || watched.size < MOST_WATCHED

/**
 * Whether a caller may be told of a change now. Rights end while streams are open, so each change asks again. To be told of a resource
 * takes nothing from the caller's limits and leaves no record: it is not the caller who asks.
 */
export async function mayBeTold(portcullis: Portcullis, asked: Asked, change: Change): Promise<boolean> {
  return change.kind === 'resource' ? portcullis.watches(asked, 'subscription', change.uri) : (await portcullis.open(asked)).kind === 'open'
}

/**
 * The same, one at a time for each change: what is published while it is under way is told once more afterwards, however often that was.
 * A fault ends that one telling and nothing else.
 */
export function merged(tell: (change: Change) => Promise<void>): (change: Change) => void {
  const underWay = new Map<string, { again: boolean }>()
  return (change) => {
    const key = change.kind === 'resource' ? `resource ${change.uri}` : change.kind
    const earlier = underWay.get(key)
    if (earlier !== undefined) {
      earlier.again = true
      return
    }
    const judged = { again: true }
    underWay.set(key, judged)
    const run = async (): Promise<void> => {
      try {
        while (judged.again) {
          judged.again = false
          await tell(change)
        }
      } finally {
        underWay.delete(key)
      }
    }
    run().catch(() => undefined)
  }
}
