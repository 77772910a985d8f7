import type { Scene } from './scene.ts'
import { askedSince, mark } from './vendor.ts'
import { ACME_TICKET, GLOBEX_TICKET } from './writes.ts'

/** An MSP on trial has five calls a month. */
export async function quota(scene: Scene): Promise<void> {
  const { story, halo } = scene
  await spend()
  await scene.book('eastgate', { limits: { included: 6, overage: false } })
  await using agent = await scene.agent('eastgate', 'acme-operator-bot')
  const read = async (): Promise<string | number | undefined> => (await agent.call('halo.get_ticket', { id: ACME_TICKET })).code
  story.equal('Eastgate books a sixth call, and after a restart has exactly one', [await read(), await read()], [undefined, 'quota_exhausted'])

  async function spend(): Promise<void> {
    await using agent = await scene.agent('eastgate', 'acme-operator-bot')
    const refused = [
      await agent.call('halo.close_ticket', { id: GLOBEX_TICKET }),
      await agent.call('halo.get_ticket', { id: 'not a number' }),
      await agent.call('halo.no_such_tool'),
      await agent.call('hudu.archive_article', { id: 501 }),
    ]
    story.equal('Eastgate is on trial: five calls a month. Its agent is refused three times and held once', refused.map(({ code }) => code), ['customer_out_of_scope', 'input_invalid', -32602, 'approval_required'])

    const codes: unknown[] = []
    for (let call = 0; call < 5; call++) codes.push((await agent.call('halo.get_ticket', { id: ACME_TICKET })).code)
    story.equal('none of that counted: five calls go through', codes, Array.from({ length: 5 }, () => undefined))

    const before = await mark(halo.url)
    const sixth = await agent.call('halo.get_ticket', { id: ACME_TICKET })
    story.equal('the sixth is refused at gate "quota", nothing took effect', [sixth.code, sixth.denial?.gate, sixth.denial?.effect], ['quota_exhausted', 'quota', 'none'])
    story.show(sixth.denial?.message ?? '')
    await using colleague = await scene.agent('eastgate', 'admin-bot')
    story.equal('the calls are those of the whole MSP: its other agents have none left either', (await colleague.call('hudu.list_articles')).code, 'quota_exhausted')
    story.equal('HaloPSA was not asked', await askedSince(halo.url, before), [])
    await using other = await scene.agent('northwind', 'acme-operator-bot')
    story.equal('Northwind does not notice', (await other.call('halo.get_ticket', { id: ACME_TICKET })).kind, 'result')
  }
}
