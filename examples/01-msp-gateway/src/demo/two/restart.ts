import { copyFile } from 'node:fs/promises'
import type { Kept } from '../crash.ts'
import { exportLog, recordsIn, released } from '../log.ts'
import type { Scene } from '../scene.ts'
import { ACME_TICKET } from '../writes.ts'

/** How long the vendors may take from now on (ms): what nobody has answered for so long and 15 s more is closed by whoever is there. */
const CALL_MS = 3_000

/** The log is bound and read while both gateways go on; then they are restarted, and their clients see nothing of it. */
export async function restart(scene: Scene): Promise<Kept> {
  const { story, stage, gateway } = scene
  const kept = { key: await exportLog(scene, 'northwind', stage.path('before.log')), checkpoint: stage.path('kept-by-the-auditor.jsonl') }
  await copyFile(stage.path('checkpoints.jsonl'), kept.checkpoint)
  const before = await recordsIn(stage.path('before.log'))
  story.equal(`while both gateways go on, the log of Northwind is read: ${before.length} records, and among them exactly the ${scene.acknowledged.length} calls that were answered`, released(before), scene.acknowledged.toSorted())
  story.say('An auditor takes along two short texts: the key of the log, and a checkpoint that was signed as it was read.')

  gateway.setCallMs(CALL_MS)
  await using agent = await scene.agent('northwind', 'acme-operator-bot')
  const answers: string[] = []
  for (const { stop, start } of gateway.members) {
    await stop()
    for (let call = 0; call < 3; call++) answers.push((await agent.call('halo.get_ticket', { id: ACME_TICKET })).kind)
    await start()
  }
  story.equal('each is stopped and started in its turn: all six calls meanwhile are answered by the other', answers, Array.from({ length: 6 }, () => 'result'))
  return kept
}
