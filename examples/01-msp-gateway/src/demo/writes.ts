import type { Scene } from './scene.ts'
import { askedSince, mark } from './vendor.ts'

/** Ticket numbers of HaloPSA; both MSPs have both. */
export const ACME_TICKET = 1001
export const GLOBEX_TICKET = 1002
export const NO_TICKET = 999_999

/** Whose record it is gets proven before the vendor is asked to change it. */
export async function writes(scene: Scene): Promise<void> {
  const { story, halo } = scene
  await using agent = await scene.agent('northwind', 'acme-operator-bot')

  const before = await mark(halo.url)
  const foreign = await agent.call('halo.close_ticket', { id: GLOBEX_TICKET })
  story.equal(`closing ticket ${GLOBEX_TICKET}, which is Globex's: refused at gate "policy", nothing took effect`, [foreign.code, foreign.denial?.gate, foreign.denial?.effect], ['customer_out_of_scope', 'policy', 'none'])
  const asked = await askedSince(halo.url, before)
  story.equal('HaloPSA was asked whose ticket it is', asked.filter(({ method }) => method === 'GET').map(({ path }) => path), [`/api/Tickets/${GLOBEX_TICKET}`])
  story.equal('and never to write', writesIn(asked), [])

  const middle = await mark(halo.url)
  const own = await agent.call('halo.close_ticket', { id: ACME_TICKET })
  story.equal(`closing ticket ${ACME_TICKET}, which is Acme's: done`, own.kind, 'result')
  story.equal('HaloPSA was asked to write exactly once', writesIn(await askedSince(halo.url, middle)), ['/api/Tickets'])
}

const writesIn = (asked: Awaited<ReturnType<typeof askedSince>>): readonly string[] =>
  asked.filter(({ method, path }) => method === 'POST' && path !== '/auth/token').map(({ path }) => path)
