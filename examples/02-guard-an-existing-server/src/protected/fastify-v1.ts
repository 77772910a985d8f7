import { gateway } from '@portcullis/fastify/v1'
import fastify from 'fastify'
import { makeServer } from '../existing/server-v1.ts'
import { tenantOf } from '../own.ts'
import type { Combination } from './combination.ts'

export const fastifyV1: Combination = {
  name: 'SDK v1 on Fastify',
  endpoint: '/mcp/tenant',
  front: true,
  makeServer: (desk) => makeServer(desk, tenantOf),
  serve: async (portcullis, desk, port) => {
    const app = fastify({ forceCloseConnections: true })
    await app.register(gateway(portcullis, { server: () => makeServer(desk, tenantOf) }))
    await app.listen({ port, host: '127.0.0.1' })
    return { [Symbol.asyncDispose]: () => app.close() }
  },
}
