import fastify, { type FastifyInstance } from 'fastify'
import { servingOf, type Binding, type Serving } from '../../http/test/binding/binding.ts'
import { bindingLaws } from '../../http/test/binding/laws.ts'
import { gateway } from '../src/index.ts'
import { gateway as gatewayV1 } from '../src/v1.ts'

async function listening(app: FastifyInstance): Promise<Serving> {
  app.get('/api/hello', async () => 'hello')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = servingOf(app.server)
  return {
    port,
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

const fastifyOn = (line: Binding['line'], entry: string, made: typeof gateway): Binding => ({
  line, entry,
  async serve(portcullis, options) {
    const app = fastify()
    await app.register(made(portcullis, options))
    return listening(app)
  },
  async serveBehindReader(portcullis) {
    const app = fastify()
    app.addHook('onRequest', async ({ raw }) => void (await raw.toArray()))
    await app.register(made(portcullis))
    return listening(app)
  },
  async mountedBelow(portcullis) {
    try {
      await fastify().register(made(portcullis), { prefix: '/mcp' })
    } catch (fault) {
      return (fault as Error).message
    }
    throw new Error('it started')
  },
})

bindingLaws(fastifyOn('v2', '@portcullis/fastify', gateway))
bindingLaws(fastifyOn('v1', '@portcullis/fastify/v1', gatewayV1))
