import { copyFile } from 'node:fs/promises'
import { exportLog, openIntents, recordsIn, released } from './log.ts'
import { read } from './approval.ts'
import { listOverHttp } from './plain.ts'
import type { Scene } from './scene.ts'
import { SEED } from './seed.ts'
import { mark, untilWriting, VENDOR_ADMIN } from './vendor.ts'
import { ACME_TICKET } from './writes.ts'

/** What an auditor keeps away from the gateway: two short texts. */
export interface Kept {
  readonly key: string
  readonly checkpoint: string
}

/** An ordinary stop binds the log with a signed checkpoint, in a file outside of it. */
export async function checkpoint(scene: Scene): Promise<Kept> {
  const { story, stage } = scene
  await scene.gateway.stop()
  const kept = { key: await exportLog(scene, 'northwind', stage.path('before.log')), checkpoint: stage.path('kept-by-the-auditor.jsonl') }
  await copyFile(stage.path('checkpoints.jsonl'), kept.checkpoint)
  const before = await recordsIn(stage.path('before.log'))
  story.equal(`its log of Northwind has ${before.length} records, and among them exactly the ${scene.acknowledged.length} calls that were answered`, released(before), scene.acknowledged.toSorted())
  story.say('An auditor takes along two short texts: the key of the log, and the checkpoint that the gateway signed as it stopped.')
  await scene.gateway.start()
  story.equal('started again, it serves on the same data', (await listOverHttp(`${scene.gateway.url}/mcp`)).status, 401)
  return kept
}

/** The gateway dies while a vendor is writing. */
export async function crash(scene: Scene, approvalId: string): Promise<void> {
  const { story, stage } = scene
  await using agent = await scene.agent('northwind', 'acme-operator-bot')
  for (const note of ['first', 'second', 'third']) story.equal(`a ${note} note is added and acknowledged`, (await agent.call('halo.add_note', { id: ACME_TICKET, note })).kind, 'result')

  story.say('Hudu has a bad day: from now on each write takes it a minute.')
  const port = new URL(scene.hudu.url).port
  await scene.hudu.stop()
  scene.hudu = await stage.start('vendors/hudu.ts', ['--port', port, '--seed', String(SEED), '--admin', VENDOR_ADMIN, '--flaky', '0', '--slow-ms', '60000'])
  const before = await mark(scene.hudu.url)
  const hanging = agent.call('hudu.create_article', { name: 'Door codes', content: 'In the safe.' }).then(() => 'answered', () => 'lost')
  const writing = await untilWriting(scene.hudu.url, before)
  await scene.gateway.holder()[0].kill()
  story.equal('while Hudu works on a new article, the gateway is killed (SIGKILL)', writing.path, '/api/v1/articles')
  story.equal('its client never gets an answer', await hanging, 'lost')

  await scene.gateway.start()
  await using after = await scene.agent('northwind', 'acme-operator-bot')
  story.equal('started again on the same data, it serves', (await after.tools()).length, 9)
  const page = await read(scene, approvalId, await scene.signIn('northwind', 'olivia'))
  story.holds('it has not forgotten that the approval is used up', page.status === 200 && page.text.includes('consumed'), page)

  await scene.gateway.stop()
  await exportLog(scene, 'northwind', stage.path('after.log'))
  const records = await recordsIn(stage.path('after.log'))
  story.equal(`all ${scene.acknowledged.length} calls that were answered before the kill are in the log, and no other`, released(records), scene.acknowledged.toSorted())
  const closed = records.filter(({ step }) => step === 'reconciled').map(({ tool, status }) => [tool, status])
  story.equal('the write that was under way is closed as indeterminate: the gateway does not guess, and does not try again', closed, [['hudu.create_article', 'indeterminate']])
  story.equal('no call is left open', openIntents(records), [])
}
