import { bytesOf } from './agent.ts'
import type { Scene } from './scene.ts'

const ARTICLE = { id: 501 }

/** A destructive call waits for a person who is not the one that asked. Leaves the approval's id. */
export async function approval(scene: Scene): Promise<string> {
  const { story } = scene
  await using assistant = await scene.assistant('northwind', 'adam')

  const held = await assistant.call('hudu.archive_article', ARTICLE)
  const id = held.denial?.approvalId ?? ''
  story.equal("Adam's desk assistant wants to archive an article: held at gate \"approval\", nothing took effect", [held.code, held.denial?.effect, id.startsWith('apr_')], ['approval_required', 'none', true])
  story.equal('asked again, the call is still held, by the same request', await assistant.call('hudu.archive_article', ARTICLE).then(({ code, denial }) => [code, denial?.approvalId]), ['approval_pending', id])

  const olivia = await scene.signIn('northwind', 'olivia')
  const page = await read(scene, id, olivia)
  story.say('What Olivia, the owner, is shown at GET /approvals/{id}:')
  story.show(page.text)
  story.holds('it shows the tool and all of the arguments', page.status === 200 && page.text.includes('hudu.archive_article') && page.text.includes('501'), page)

  const ballots: readonly (readonly [string, string, string])[] = [
    ['the assistant that asked: refused, only people vote', await scene.assistantOf('northwind', 'adam'), 'role_forbids'],
    ['Adam, for whom it acts: refused, nobody approves their own request', await scene.signIn('northwind', 'adam'), 'self_approval'],
    ['a service account, though an administrator: to it there is no such request', await scene.tokenOf('northwind', 'admin-bot'), 'not_found'],
    ['Oscar, whose role does not vote: to him neither', await scene.signIn('northwind', 'oscar'), 'not_found'],
    ['Olivia, signed in with a password alone: refused until she uses her second factor', await scene.signIn('northwind', 'olivia', { secondFactor: false }), 'step_up_required'],
  ]
  story.say('Who votes on it?')
  for (const [claim, token, code] of ballots) {
    const { status, text } = await vote(scene, id, token)
    story.holds(claim, status >= 400 && text.includes(code), { status, text })
  }

  const stranger = await scene.signIn('southridge', 'olivia')
  const [foreign, invented] = [await readBytes(scene, id, stranger), await readBytes(scene, `${id.slice(0, -4)}0000`, stranger)]
  story.equal('to the owner of the other MSP it does not exist: the same bytes as for an invented id', foreign, invented)

  const voted = await vote(scene, id, olivia)
  story.holds('Olivia approves, with her second factor and a reason', voted.status === 200, voted)
  const done = await assistant.call('hudu.archive_article', ARTICLE)
  story.equal('the assistant repeats the call, and now it is dispatched', done.kind, 'result')
  const again = await assistant.call('hudu.archive_article', ARTICLE)
  story.equal('repeated at once it is refused: an approval is good for one use', [again.code, again.denial?.effect], ['approval_consumed', 'none'])
  return id
}

export async function read(scene: Scene, id: string, token: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${scene.gateway.url}/approvals/${id}`, { headers: { authorization: `Bearer ${token}`, accept: 'text/plain' } })
  return { status: response.status, text: await response.text() }
}

const readBytes = async (scene: Scene, id: string, token: string): Promise<string> =>
  bytesOf(await fetch(`${scene.gateway.url}/approvals/${id}`, { headers: { authorization: `Bearer ${token}` } }))

const APPROVE = { decision: 'approve', reason: 'Outdated, agreed with Acme.' }

export async function vote(scene: Scene, id: string, token: string, ballot: { readonly decision: string; readonly reason: string } = APPROVE, at: string = scene.gateway.url): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${at}/approvals/${id}/votes`, {
    method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(ballot),
  })
  return { status: response.status, text: await response.text() }
}
