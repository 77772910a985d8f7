import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Deployment } from '../deployment.ts'
import type { Tenant } from '../world.ts'
import { portcullis } from './command.ts'
import type { Story } from './story.ts'

/** The tenant's log, exported and held against its key by the verifier, a process of its own that has nothing else. */
export async function verifies(story: Story, deployment: Deployment, tenant: Tenant): Promise<void> {
  const file = join(deployment.folder, `${tenant}.log`)
  await deployment.portcullis.checkpoint(tenant)
  await pipeline(deployment.portcullis.exportLog(tenant), createWriteStream(file))
  const pins = ['--key', deployment.portcullis.logKey(tenant), '--checkpoint', join(deployment.folder, 'checkpoints.jsonl')]
  const { status, output } = await portcullis('verify', file, ...pins)
  const log = await readFile(file, 'utf8')
  story.holds(`${tenant}'s log of ${log.split('\n').filter((line) => line.includes('"seq"')).length} records verifies, offline`, status === 0, output)
}
