import { setTimeout as pause } from 'node:timers/promises'
import { openStorage } from '../../storage.ts'
import { read } from '../approval.ts'
import { exportLog, openIntents, recordsIn, released, type LogLine } from '../log.ts'
import type { Scene } from '../scene.ts'
import { SEED } from '../seed.ts'
import { mark, untilWriting, VENDOR_ADMIN } from '../vendor.ts'
import { ACME_TICKET } from '../writes.ts'

/** A gateway dies while a vendor is writing. The other one serves on, and what the dead one had begun is closed. */
export async function survival(scene: Scene, approvalId: string): Promise<void> {
  const { story, stage, gateway } = scene
  await using agent = await scene.agent('northwind', 'acme-operator-bot')
  const note = async (text: string): Promise<string> => (await agent.call('halo.add_note', { id: ACME_TICKET, note: text })).kind
  for (const text of ['first', 'second', 'third']) story.equal(`a ${text} note is added and acknowledged`, await note(text), 'result')

  story.say('Hudu has a bad day: from now on each write takes it a minute.')
  const port = new URL(scene.hudu.url).port
  await scene.hudu.stop()
  scene.hudu = await stage.start('vendors/hudu.ts', ['--port', port, '--seed', String(SEED), '--admin', VENDOR_ADMIN, '--flaky', '0', '--slow-ms', '60000'])
  const before = await mark(scene.hudu.url)
  const hanging = agent.call('hudu.create_article', { name: 'Door codes', content: 'In the safe.' }).then(() => 'answered', () => 'lost')
  const writing = await untilWriting(scene.hudu.url, before)
  const [dead] = gateway.holder()
  await dead.kill()
  story.equal('while Hudu works on a new article, the gateway that asked for it is killed (SIGKILL)', writing.path, '/api/v1/articles')
  story.equal('the client of this call never gets an answer', await hanging, 'lost')

  const notes: string[] = []
  for (let number = 4; number <= 13; number++) notes.push(await note(`number ${number}`))
  story.equal('the other gateway goes on serving: ten more notes are added and acknowledged', notes, Array.from({ length: 10 }, () => 'result'))
  const page = await read(scene, approvalId, await scene.signIn('northwind', 'olivia'))
  story.holds('it knows that the approval is used up, whoever dispatched the call', page.status === 200 && page.text.includes('consumed'), page)
  const [open, ...more] = openIntents(await logAs('meanwhile.log'))
  story.equal('to the log the lost call is under way: until its deadline somebody may still be at it', [open?.tool, more], ['hudu.create_article', []])

  const lost = open?.call ?? ''
  await until('overdue', scene, lost)
  await dead.start()
  await until('closed', scene, lost)
  await using after = await scene.agent('northwind', 'acme-operator-bot')
  story.equal('its deadline has passed, and the dead gateway is started again: both serve', [(await after.tools()).length, (await after.tools()).length], [9, 9])
  const records = await logAs('after.log')
  story.equal(`all ${scene.acknowledged.length} calls that were answered are in the log, and no other`, released(records), scene.acknowledged.toSorted())
  const closed = records.filter(({ step }) => step === 'reconciled').map(({ tool, status }) => [tool, status])
  story.equal('the write that was under way is closed as indeterminate, once: nobody guesses, and nobody tries again', closed, [['hudu.create_article', 'indeterminate']])
  story.equal('no call is left open', openIntents(records), [])

  async function logAs(name: string): Promise<readonly LogLine[]> {
    await exportLog(scene, 'northwind', stage.path(name))
    return recordsIn(stage.path(name))
  }
}

/** Waits until the store says that a call is closed, or that its deadline has passed. */
async function until(state: 'overdue' | 'closed', { stage }: Scene, call: string): Promise<void> {
  const storage = openStorage('postgres', stage.folder)
  try {
    const { ledger } = await storage.tenant('northwind')
    for (;;) {
      const open = await ledger.recall(call)
      if (open === undefined || (state === 'overdue' && open.deadline < Date.now())) return
      await pause(100)
    }
  } finally {
    await storage.close()
  }
}
