import { bytesOf } from './agent.ts'
import { vote } from './approval.ts'
import type { Scene } from './scene.ts'

const TICKET = 1004
/** What an agent might be talked into, to fool who reads it: markup, a script, text that runs backwards. */
const REASON = 'Duplicate</pre><script>alert(1)</script><!-- \u202eevorppa\u202c'

/** A client that can show links is given one to a page where its requester sees how the request stands, and can do nothing. */
export async function link(scene: Scene): Promise<void> {
  const { story } = scene
  const shown: string[] = []
  await using assistant = await scene.assistant('northwind', 'adam', { onLink: (url) => shown.push(url) })
  const call = { id: TICKET, reason: REASON }
  const held = await assistant.call('halo.delete_ticket', call)
  const id = held.denial?.approvalId ?? ''
  const url = `${scene.gateway.url}/approvals/${id}/status`
  story.equal("Adam's desk assistant can show links, and wants to delete a ticket: it is given one, to the request's status page", shown, [url])
  story.equal('having shown it, its client repeats the call by itself and is held', held.code, 'approval_pending')
  await assistant.call('halo.delete_ticket', call)
  story.equal('asked again, it is given no second link', shown.length, 1)

  const open = (at: string, token: string): Promise<Response> => fetch(at, { headers: { authorization: `Bearer ${token}`, accept: 'text/html' } })
  const token = await scene.assistantOf('northwind', 'adam')
  const page = await open(url, token)
  const html = await page.text()
  story.show(html.slice(html.indexOf('<dl>')))
  story.holds('the page says how the request stands', page.status === 200 && html.includes('pending, 0 of 1 approvals'), html)
  story.equal('it runs, loads, frames and sends nothing, and nobody keeps it', [page.headers.get('content-security-policy'), page.headers.get('cache-control')], ["default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", 'no-store'])
  story.holds('the markup in the reason is text, and what is hidden in it is made visible', !/<script|<!--|\u202e/.test(html) && html.includes('&lt;script&gt;') && html.includes('\\u{202e}'), html)

  story.equal('Adam, for whom it acts, opens it as well', (await open(url, await scene.signIn('northwind', 'adam'))).status, 200)

  const nothing = await bytesOf(await open(url.replace(id, `${id.slice(0, -4)}0000`), token))
  story.equal("Olivia, who votes on it elsewhere, did not ask for it: to her the page does not exist, as an invented id's", await bytesOf(await open(url, await scene.signIn('northwind', 'olivia'))), nothing)
  story.equal("nor to Adam's namesake at the other MSP: the same bytes", await bytesOf(await open(url, await scene.assistantOf('southridge', 'adam'))), nothing)

  const voted = await vote(scene, id, await scene.signIn('northwind', 'olivia'), { decision: 'refuse', reason: 'It is not a duplicate.' })
  story.equal('Olivia refuses', voted.status, 200)
  story.holds('the page says so', (await (await open(url, token)).text()).includes('refused, 0 of 1 approvals'))
  const after = await assistant.call('halo.delete_ticket', call)
  story.equal('and so does the call, without a further request or link', [after.code, shown.length], ['approval_refused', 1])
}
