import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import express from 'express'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { stage } from '../../mcp/test/world.ts'
import { gateway } from '../src/index.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url)
const INSPECTOR = join(dirname(require.resolve('@modelcontextprotocol/inspector/package.json')), 'clients/launcher/build/index.js')
/** The Inspector's own exit code for a result with `isError`. */
const TOOL_IS_ERROR = 5

interface Ended {
  readonly code: number
  readonly stdout: string
}

for (const era of ['legacy', 'modern'] as const) {
  verifies(['EM-01', 'CH-14'], `the Inspector lists, calls, and shows a denial of a tool with an output schema whole (${era})`, async () => {
    await using set = await stage()
    const server = await new Promise<Server>((resolve) => {
      const made: Server = express().use(gateway(set.portcullis)).listen(0, '127.0.0.1', () => resolve(made))
    })
    const token = await set.token('bot')
    const inspect = async (...args: string[]): Promise<Ended> => {
      const all = [INSPECTOR, '--cli', `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, '--transport', 'http', '--protocol-era', era, '--format', 'json', '--header', `Authorization: Bearer ${token}`, ...args]
      return run(process.execPath, all).then(({ stdout }) => ({ code: 0, stdout }), (failed: Ended) => ({ code: failed.code, stdout: failed.stdout }))
    }
    try {
      const listed = await inspect('--method', 'tools/list')
      expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining('"psa.close"')])
      const found = await inspect('--method', 'tools/call', '--tool-name', 'psa.list')
      expect([found.code, found.stdout]).toEqual([0, expect.stringContaining('"summary":"mine"')])
      const denied = await inspect('--method', 'tools/call', '--tool-name', 'psa.close', '--tool-arg', 'id=2')
      expect(denied.code).toBe(TOOL_IS_ERROR)
      expect(denied.stdout).toContain('"code":"customer_out_of_scope"')
      expect(denied.stdout).toContain('"effect":"none"')
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
}
