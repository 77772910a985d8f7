import { expect } from 'vitest'
import express from 'express'
import { createServer } from 'node:http'
import { verifies } from '@portcullis/test-support'
import { raw, served, servingOf } from '../../http/test/binding/binding.ts'
import { gateway } from '../src/index.ts'

verifies('CH-16', 'MCP-05: routes of the application that lie under ours are never reached, however the path is written', async () => {
  const reached: string[] = []
  await using set = await served((portcullis, options) => new Promise((resolve) => {
    const app = express().use(gateway(portcullis, options))
    for (const path of ['/mcp', '/mcp/tenant', '/oauth/token']) app.all(path, (request, response) => { reached.push(request.originalUrl); response.send('old') })
    app.get('/{*any}', (_, response) => void response.send('theirs'))
    const server = createServer(app).listen(0, '127.0.0.1', () => resolve(servingOf(server)))
  }))
  for (const target of ['/mcp', '/MCP', '/mcp/', '/Mcp/Tenant', 'http://localhost/mcp', 'http://localhost/MCP/', '/x/../mcp', '/OAUTH/token', '/mcp?x=1', '/MCP?x=1']) {
    const answer = await raw(set.port, [`POST ${target} HTTP/1.1`], '{}')
    expect(answer, target).toMatch(/^HTTP\/1\.1 4\d\d/)
  }
  expect(reached).toEqual([])
  expect(await raw(set.port, ['GET /elsewhere HTTP/1.1'])).toContain('theirs')
})
