import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { checkProtected, ownServer, type OwnServerTable } from '../../src/index.ts'
import { existing, seen } from './existing.ts'
import { LINES, type Line } from './lines.ts'
import { tenants } from './tenants.ts'

const COMPLETE: OwnServerTable = {
  tools: { list: 'read', close: 'write', wipe: 'destructive', dump: 'read', whoami: 'read' },
  resources: ['file:///a', 'file:///secret'], templates: ['note:///{id}'], prompts: ['greet', 'internal'], subscriptions: ['file:///a'],
}

async function check(line: Line, own: OwnServerTable): Promise<string> {
  await using set = await tenants(ownServer(own))
  const what = seen()
  const told = await checkProtected(set.portcullis, async () => existing(line, what) as never).then(() => 'fine', (fault: { code: string; message: string }) => `${fault.code}: ${fault.message}`)
  expect(what.ran).toEqual([])
  return told
}

describe.each(LINES)('the check at the start, on $name', (line) => {
  verifies('EM-01', 'is content with a server that is classified name by name, or kind by kind', async () => {
    expect(await check(line, COMPLETE)).toBe('fine')
    expect(await check(line, { ...COMPLETE, resources: '*', templates: '*', prompts: '*', subscriptions: '*' })).toBe('fine')
  })

  verifies('EM-01', 'names what is not classified, and what the server does not have, in one fault', async () => {
    const { dump: _, ...tools } = COMPLETE.tools as Record<string, 'read'>
    expect(await check(line, { ...COMPLETE, tools: { ...tools, gone: 'read', slow: { risk: 'read', tasks: true } }, prompts: ['greet', 'left'], resources: ['file:///a'], completions: ['prompt:greet'] })).toBe(
      'server_unclassified: The server has what ownServer does not classify, so nobody may know it: tools dump; prompts internal; resources file:///secret.'
      + ' ownServer classifies what the server does not have: tools gone, slow; prompts left; completions prompt:greet; tasks slow.',
    )
  })

  test('refuses a server that cannot be guarded', async () => {
    await using set = await tenants(ownServer(COMPLETE))
    const odd = existing(line, seen())
    Object.defineProperty(odd.server, '_requestHandlers', { value: {} })
    await expect(checkProtected(set.portcullis, () => odd as never)).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded' }))
  })
})
