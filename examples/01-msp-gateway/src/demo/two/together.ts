import { fileURLToPath } from 'node:url'
import { connect, type Agent } from '../agent.ts'
import { vote } from '../approval.ts'
import { callOverHttp } from '../plain.ts'
import type { Scene } from '../scene.ts'
import { ACME_TICKET } from '../writes.ts'

const ARTICLE = { id: 507 }
/** Calls of one MSP that both gateways have to share. */
const LEFT = 10

/** What one gateway decides counts at the other, as both decide on one database. The step asks them past the balancer, to know which answers. */
export async function together(scene: Scene): Promise<void> {
  const { story, gateway } = scene
  const [one, two] = gateway.members.map(({ address }) => `${address}/mcp/customers/acme`) as [string, string]

  await approval()
  await quota()
  await revocation()

  async function approval(): Promise<void> {
    const token = await scene.assistantOf('southridge', 'adam')
    await using atOne = await connect(one, token)
    await using atTwo = await connect(two, token)
    const held = await atOne.call('hudu.archive_article', ARTICLE)
    const id = held.denial?.approvalId ?? ''
    const again = await atTwo.call('hudu.archive_article', ARTICLE)
    story.equal('a call is held at the first gateway; asked for at the second, it is held by the same request', [held.code, again.code, again.denial?.approvalId], ['approval_required', 'approval_pending', id])
    const voted = await vote(scene, id, await scene.signIn('southridge', 'olivia'), undefined, gateway.members[1]?.address)
    story.equal('Olivia approves it at the second', voted.status, 200)
    const rivals = await Promise.all([atOne, atTwo, atOne, atTwo].map((agent) => agent.call('hudu.archive_article', ARTICLE)))
    story.equal('four calls at once, two at each: one is dispatched, for the other three the approval is used up', rivals.map(({ kind, code }) => String(code ?? kind)).toSorted(), ['approval_consumed', 'approval_consumed', 'approval_consumed', 'result'])
  }

  async function quota(): Promise<void> {
    const used = 6
    await scene.book('eastgate', { limits: { included: used + LEFT, overage: false } })
    const token = await scene.tokenOf('eastgate', 'acme-operator-bot')
    await using atOne = await connect(one, token)
    await using atTwo = await connect(two, token)
    const read = (agent: Agent): Promise<string> => agent.call('halo.get_ticket', { id: ACME_TICKET }).then(({ kind, code }) => String(code ?? kind))
    const answers = await Promise.all(Array.from({ length: 2 * LEFT }, (_, index) => read(index % 2 === 0 ? atOne : atTwo)))
    const went = answers.filter((answer) => answer === 'result').length
    story.equal(`Eastgate has ${LEFT} calls left and makes ${LEFT} at each gateway, all at once: ${LEFT} of the ${2 * LEFT} go through`, [went, answers.filter((answer) => answer === 'quota_exhausted').length], [LEFT, LEFT])
  }

  async function revocation(): Promise<void> {
    const token = await scene.tokenOf('southridge', 'field-bot')
    const status = async (endpoint: string, bearer = token): Promise<number> => (await callOverHttp(endpoint, bearer, 'halo.get_ticket', { id: ACME_TICKET })).status
    story.equal("field-bot's token is good at both", [await status(one), await status(two)], [200, 200])
    const { stage, gateway: { url } } = scene
    const program = fileURLToPath(new URL('../../revoke.ts', import.meta.url))
    const { status: ended } = await stage.run(program, ['--folder', stage.folder, '--url', url, '--tenant', 'southridge', '--account', 'field-bot'])
    story.equal('Southridge\'s operator ends it, in a third process: the next call is refused, at either gateway', [ended, await status(one), await status(two)], [0, 401, 401])
    story.equal('a new one is good', await status(two, await scene.tokenOf('southridge', 'field-bot')), 200)
  }
}
