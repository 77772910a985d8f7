import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Server } from 'sdk-floor/server/index.js'
import { expect, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mcpHost } from '../../src/v1/index.ts'
import { LINES } from '../protect/lines.ts'
import { carriesAll, guardsExisting } from '../story.ts'

vi.mock('@modelcontextprotocol/sdk/server/index.js', () => import('sdk-floor/server/index.js'))
vi.mock('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js', () => import('sdk-floor/server/webStandardStreamableHttp.js'))
vi.mock('@modelcontextprotocol/sdk/types.js', () => import('sdk-floor/types.js'))

const require = createRequire(import.meta.url)

verifies('EM-01', 'the oldest release of the first SDK line that is allowed carries the same', async () => {
  const { version } = JSON.parse(readFileSync(require.resolve('sdk-floor/server').replace(/dist.*$/, 'package.json'), 'utf8')) as { version: string }
  expect(version).toBe('1.26.0')
  const connected = vi.spyOn(Server.prototype, 'connect')
  await carriesAll(mcpHost)
  expect(connected.mock.calls.length).toBeGreaterThanOrEqual(3)
})

verifies('EM-01', 'and its servers are guarded behind the host', async () => {
  const line = LINES.find(({ name }) => name === 'sdk-floor')!
  expect(line.Server).toBe(Server)
  await guardsExisting(mcpHost, line)
})
