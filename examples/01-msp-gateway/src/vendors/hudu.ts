import { pageOf, runVendor, startVendor, type Reply, type Route, type RunningVendor, type VendorOptions } from './server.ts'
import { canary, CUSTOMERS, HUDU_COMPANY_IDS, HUDU_CREDENTIALS, MSPS, numbers, type Msp } from './world.ts'

/**
 * A pretended Hudu, shaped after its public API: an `x-api-key` that sees every company, snake_case below /api/v1, single records
 * wrapped in their name. One difference: Hudu archives with `PUT /articles/{id}/archive`; here it is a POST, as connector code has
 * `get` and `post` only.
 */
interface Article {
  readonly id: number
  readonly company_id: number
  readonly name: string
  readonly content: string
  readonly updated_at: string
  archived: boolean
}

const ARTICLES_PER_MSP = 90
const TITLES = ['Firewall rules', 'Onboarding checklist', 'Backup schedule', 'Wi-Fi set-up', 'Printer inventory', 'Emergency contacts', 'Domain registrar', 'Server room access']

export function startHudu(options: VendorOptions): Promise<RunningVendor> {
  const articles = new Map(MSPS.map((msp) => [msp, seeded(options.seed, msp)]))
  const of = (msp: Msp): Map<number, Article> => articles.get(msp) as Map<number, Article>

  const routes: Route[] = [
    { method: 'GET', path: /^\/api\/v1\/api_info$/, answer: () => ({ body: { version: '2.39.0', date: '2026-01-15' } }) },
    { method: 'GET', path: /^\/api\/v1\/companies$/, answer: ({ query }) => {
      const companies = CUSTOMERS.map(({ slug, name }) => ({ id: HUDU_COMPANY_IDS[slug], name, slug }))
      return { body: { companies: pageOf(companies, query.get('page'), query.get('page_size'), 25) } }
    } },
    { method: 'GET', path: /^\/api\/v1\/articles$/, answer: ({ msp, query }) => {
      const company = query.get('company_id')
      const found = [...of(msp).values()].filter((article) => !article.archived && (company === null || article.company_id === Number(company)))
      return { body: { articles: pageOf(found, query.get('page'), query.get('page_size'), 25) } }
    } },
    { method: 'GET', path: /^\/api\/v1\/articles\/(\d+)$/, answer: ({ msp, ids: [id = 0] }) => wrapped(of(msp).get(id)) },
    { method: 'POST', path: /^\/api\/v1\/articles$/, slow: true, answer: ({ msp, body }) => {
      const given = (body as { article?: Record<string, unknown> } | null)?.article
      const company_id = Number(given?.['company_id'])
      if (typeof given?.['name'] !== 'string' || !Object.values(HUDU_COMPANY_IDS).includes(company_id)) return { status: 422, body: { error: 'invalid article' } }
      const article: Article = { id: Math.max(...of(msp).keys()) + 1, company_id, name: given['name'], content: typeof given['content'] === 'string' ? given['content'] : '', updated_at: new Date().toISOString(), archived: false }
      of(msp).set(article.id, article)
      return { status: 201, body: { article } }
    } },
    { method: 'POST', path: /^\/api\/v1\/articles\/(\d+)\/archive$/, slow: true, answer: ({ msp, ids: [id = 0] }) => {
      const article = of(msp).get(id)
      if (article !== undefined) article.archived = true
      return wrapped(article)
    } },
  ]
  return startVendor({ routes, mspOf: (headers) => MSPS.find((msp) => headers['x-api-key'] === HUDU_CREDENTIALS[msp].apiKey) }, options)
}

function seeded(seed: number, msp: Msp): Map<number, Article> {
  const next = numbers(`${seed}/hudu/${msp}`)
  const articles = Array.from({ length: ARTICLES_PER_MSP }, (_, index): Article => {
    const { slug, name } = CUSTOMERS[index % CUSTOMERS.length] as (typeof CUSTOMERS)[number]
    const mark = canary(seed, msp, slug)
    const title = TITLES[Math.floor(next() * TITLES.length)] as string
    return { id: 501 + index, company_id: HUDU_COMPANY_IDS[slug], name: `${title} (${mark})`, content: `<p>${title} of ${name}. ${mark}</p>`, updated_at: new Date(Date.UTC(2026, 0, 1) + index * 86_400_000).toISOString(), archived: false }
  })
  return new Map(articles.map((article) => [article.id, article]))
}

function wrapped(article: Article | undefined): Reply {
  return article === undefined ? { status: 404, body: { error: 'not found' } } : { body: { article } }
}

if (import.meta.main) await runVendor('hudu', startHudu)
