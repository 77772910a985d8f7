import { countOf, customerKey, defineConnector, type Connector } from '@portcullis/core'
import { z } from 'zod'

const PAGE = 25

/** Hudu's global articles belong to no company; without a key they are nobody's, and a customer does not see them. */
const Article = z.object({ id: z.number().int(), company_id: customerKey(z.number().int()).nullable(), name: z.string(), content: z.string(), updated_at: z.string(), archived: z.boolean() })
const Wrapped = z.object({ article: Article })
const ArticlePage = z.object({ articles: z.array(z.unknown()) })

/** Hudu documentation. As in `halo.ts`, nothing in here knows what a customer may see. */
export const hudu: Connector = defineConnector({
  id: 'hudu',
  title: 'Hudu',
  category: 'documentation',
  settings: z.object({ baseUrl: z.url() }),
  credential: z.object({ apiKey: z.string().min(1) }),
  customer: z.number().int(),
  authorize: { type: 'api_key', header: 'x-api-key' },
  hosts: (settings) => [new URL(settings.baseUrl).host],
  probe: async ({ vendor, signal }) => {
    await vendor.get('/api/v1/api_info', { signal })
    return 'healthy'
  },
  records: {
    article: { id: z.number().int(), owner: async ({ id, vendor, signal }) => (await vendor.get(`/api/v1/articles/${id}`, { signal, as: Wrapped })).article.company_id ?? undefined },
  },
  tools: (tool) => ({
    list_articles: tool({
      title: 'List articles',
      description: 'Lists the documentation articles of the customer.',
      risk: 'read',
      input: z.object({}),
      output: z.object({ articles: z.array(Article), count: countOf('articles') }),
      run: async ({ vendor, signal }) => {
        const articles = await vendor.all('/api/v1/articles', {
          as: Article,
          query: { page: 1, page_size: PAGE },
          items: (page) => ArticlePage.parse(page).articles,
          // Hudu does not say how many there are: a page that is not full is the last.
          next: (page, number) => (ArticlePage.parse(page).articles.length === PAGE ? { page: number + 1 } : undefined),
          signal,
        })
        return { articles, count: articles.length }
      },
    }),
    get_article: tool({
      title: 'Get an article',
      description: 'Reads one documentation article.',
      risk: 'read',
      clear: ['id'],
      input: z.object({ id: tool.idOf('article') }),
      output: Wrapped,
      run: ({ input, vendor, signal }) => vendor.get(`/api/v1/articles/${input.id}`, { signal, as: Wrapped }),
    }),
    create_article: tool({
      title: 'Create an article',
      description: 'Creates a documentation article for the customer.',
      risk: 'write',
      clear: ['name'],
      // The gateway writes company_id: callers neither see the field nor may send it.
      input: z.object({ company_id: customerKey(z.number().int()), name: z.string().min(1).max(200), content: z.string().max(20_000) }),
      output: Wrapped,
      run: ({ input, vendor, signal }) => vendor.post('/api/v1/articles', { body: { article: input }, signal, as: Wrapped }),
    }),
    archive_article: tool({
      title: 'Archive an article',
      description: 'Takes an article out of the documentation. Needs an approval.',
      risk: 'destructive',
      clear: ['id'],
      input: z.object({ id: tool.idOf('article') }),
      output: Wrapped,
      run: ({ input, vendor, signal }) => vendor.post(`/api/v1/articles/${input.id}/archive`, { signal, as: Wrapped }),
    }),
  }),
})
