import { z } from 'zod'
import { exportLog, recordsIn, type LogLine } from './log.ts'
import { callOverHttp } from './plain.ts'
import type { Scene } from './scene.ts'
import { ACME_TICKET } from './writes.ts'

const CALLS = 3_000
/** Either the denial of a tool call, or an error of the protocol with or without one. */
const Refusal = z.object({
  result: z.object({ _meta: z.object({ 'dev.portcullis/denial': z.object({ code: z.string() }) }) }).optional(),
  error: z.object({ code: z.number(), data: z.object({ code: z.string() }).optional() }).optional(),
})
const AT_ONCE = 30

/** Thousands of calls that are refused: the flooder is put off, and the log stays short. */
export async function flood(scene: Scene): Promise<void> {
  const { story } = scene
  const before = await logOf('before-the-flood.log')

  await using bystander = await scene.agent('southridge', 'acme-operator-bot')
  const token = await scene.tokenOf('southridge', 'acme-viewer-bot')
  const tally = new Map<string, number>()
  let sent = 0
  const meanwhile: Promise<string>[] = []
  const pour = async (): Promise<void> => {
    while (sent < CALLS) {
      const number = ++sent
      if (number % (CALLS / 10) === 0) meanwhile.push(bystander.call('halo.get_ticket', { id: ACME_TICKET }).then(({ kind }) => kind))
      // No two are alike: other arguments each time, and every third an invented tool.
      const response = await callOverHttp(`${scene.gateway.url}/mcp`, token, number % 3 === 0 ? `halo.tool_${number}` : 'halo.close_ticket', { id: number })
      const { result, error } = Refusal.parse(await response.json())
      const code = String(result?._meta['dev.portcullis/denial'].code ?? error?.data?.code ?? error?.code)
      tally.set(code, (tally.get(code) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, pour))
  const served = await Promise.all(meanwhile)

  const shed = tally.get('shed') ?? 0
  story.equal(`a viewer's agent at Southridge sends ${CALLS} different calls that it may not make: every one is refused`, [Array.from(tally.keys()).toSorted(), sum(tally.values())], [['-32602', 'role_forbids', 'shed'], CALLS])
  const gateways = scene.gateway.members.length
  const told = gateways === 1 ? 'a few hundred are told why; then it is told to wait: `shed`' : 'each gateway tells a few hundred why; then it tells it to wait: `shed`'
  story.holds(told, shed > CALLS / (1 + gateways), Object.fromEntries(tally))
  story.equal("meanwhile its MSP's other agent is served, ten times of ten", served, Array.from({ length: 10 }, () => 'result'))

  const grown = (await logOf('after-the-flood.log')).slice(before.length)
  const refusals = grown.filter(({ kind }) => kind === 'refusal' || kind === 'refusals')
  const each = (kind: string): readonly string[] => Array.from({ length: 2 * gateways }, () => kind)
  const whose = gateways === 1 ? '' : 'of each gateway '
  story.equal(`in Southridge's log, ${CALLS} calls are ${refusals.length} records: ${whose}two that say what was refused, two that say how often`, refusals.map(({ kind }) => kind).toSorted(), [...each('refusal'), ...each('refusals')])
  story.equal('they account for every call that was told why', sum(refusals.map(({ count }) => Number(count ?? 0))), CALLS - shed)

  async function logOf(name: string): Promise<readonly LogLine[]> {
    const file = scene.stage.path(name)
    await scene.gateway.stop()
    await exportLog(scene, 'southridge', file)
    await scene.gateway.start()
    return recordsIn(file)
  }
}

const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((total, one) => total + one, 0)
