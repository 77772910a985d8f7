import { gateway } from '@portcullis/express/v1'
import express from 'express'
import { makeServer } from '../existing/server-v1.ts'
import { tenantOf } from '../own.ts'
import { listening, type Combination } from './combination.ts'

export const expressV1: Combination = {
  name: 'SDK v1 on Express',
  endpoint: '/mcp/tenant',
  front: true,
  makeServer: (desk) => makeServer(desk, tenantOf),
  serve: (portcullis, desk, port) => {
    const app = express().use(gateway(portcullis, { server: () => makeServer(desk, tenantOf) }))
    return listening(app.listen(port, '127.0.0.1'))
  },
}
