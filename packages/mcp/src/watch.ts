import type { Portcullis, Request as Asked } from '@portcullis/core'
import type { Change } from './changes.ts'

/** Whether a caller may be told of a change now. Rights end while streams are open, so each change asks again. */
export async function mayBeTold(portcullis: Portcullis, asked: Asked, change: Change): Promise<boolean> {
  if ((await portcullis.open(asked)).kind !== 'open') return false
  if (change.kind !== 'resource') return true
  return (await portcullis.dryRun({ ...asked, kind: 'subscription', tool: change.uri })).outcome === 'pass'
}
