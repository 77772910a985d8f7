import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Server } from 'server-floor'
import { expect, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mcpHost } from '../../src/v2/index.ts'
import { LINES } from '../protect/lines.ts'
import { carriesAll, guardsExisting } from '../story.ts'

vi.mock('@modelcontextprotocol/server', () => import('server-floor'))

const require = createRequire(import.meta.url)

verifies('EM-01', 'the oldest release of the second SDK line that is allowed carries the same', async () => {
  const { version } = JSON.parse(readFileSync(require.resolve('server-floor').replace(/dist.*$/, 'package.json'), 'utf8')) as { version: string }
  expect(version).toBe('2.2.0')
  const connected = vi.spyOn(Server.prototype, 'connect')
  await carriesAll(mcpHost)
  expect(connected.mock.calls.length).toBeGreaterThanOrEqual(3)
})

verifies('EM-01', 'and its servers are guarded behind the host', async () => {
  const line = LINES.find(({ name }) => name === 'server-floor')!
  expect(line.Server).toBe(Server)
  await guardsExisting(mcpHost, line)
})
