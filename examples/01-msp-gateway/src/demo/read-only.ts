import { vote } from './approval.ts'
import type { Scene } from './scene.ts'
import { askedSince, mark } from './vendor.ts'
import { ACME_TICKET } from './writes.ts'

const ARTICLE = { id: 501 }

/** A read-only subscription reads on, and writes nothing whoever has approved it. */
export async function readOnly(scene: Scene): Promise<void> {
  const { story } = scene
  await approve()
  await scene.book('southridge', { subscription: 'read_only' })
  await refuse()
  await scene.book('southridge', { subscription: 'active' })
  await using assistant = await scene.assistant('southridge', 'adam')
  story.equal('the subscription is active again: the refusal did not use up the approval, the call is dispatched', (await assistant.call('hudu.archive_article', ARTICLE)).kind, 'result')

  async function approve(): Promise<void> {
    await using assistant = await scene.assistant('southridge', 'adam')
    const held = await assistant.call('hudu.archive_article', ARTICLE)
    const voted = await vote(scene, held.denial?.approvalId ?? '', await scene.signIn('southridge', 'olivia'))
    story.equal("at Southridge, Adam's assistant is held, and Olivia approves its call", [held.code, voted.status], ['approval_required', 200])
  }

  async function refuse(): Promise<void> {
    const [halo, hudu] = [await mark(scene.halo.url), await mark(scene.hudu.url)]
    await using assistant = await scene.assistant('southridge', 'adam')
    const approved = await assistant.call('hudu.archive_article', ARTICLE)
    story.equal('then its subscription becomes read-only: the approved call is refused at gate "subscription", nothing took effect', [approved.code, approved.denial?.gate, approved.denial?.effect], ['subscription_read_only', 'subscription', 'none'])
    await using agent = await scene.agent('southridge', 'acme-operator-bot')
    story.equal('a write that needs no approval as well', (await agent.call('halo.add_note', { id: ACME_TICKET, note: 'Called back' })).code, 'subscription_read_only')
    const asked = [...(await askedSince(scene.halo.url, halo)), ...(await askedSince(scene.hudu.url, hudu))]
    story.equal('no vendor was asked for anything', asked, [])
    story.equal('its agent is shown the 4 tools that read', (await agent.tools()).length, 4)
    story.equal('and they work', (await agent.call('halo.get_ticket', { id: ACME_TICKET })).kind, 'result')
  }
}
