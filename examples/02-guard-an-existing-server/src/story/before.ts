import { unprotected } from '../existing/before.ts'
import { Desk } from '../existing/tickets.ts'
import { listening } from '../protected/combination.ts'
import { connect } from './clients.ts'
import { freePort } from './stage.ts'
import type { Story } from './story.ts'

/** Why anybody would want this. */
export async function before(story: Story): Promise<void> {
  story.chapter('Before: the server as somebody wrote it')
  const desk = new Desk()
  const port = await freePort()
  await using _ = await listening(unprotected(desk).listen(port, '127.0.0.1'))
  await using anybody = await connect('v1', `http://127.0.0.1:${port}/mcp`, { 'x-tenant': 'southridge' })
  const { said } = await anybody.call('wipe_tickets')
  story.equal('whoever reaches it deletes everything of whom they name', [said, desk.list('southridge').length], ['2 tickets deleted', 0])
}
