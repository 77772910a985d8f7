import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { createPortcullis, type TokenHolder } from '@portcullis/core'
import { keysFrom } from '@portcullis/core/memory'
import type { Dispatcher, Ledger, Storage } from '@portcullis/core/ports'
import { postgresStorage } from '@portcullis/postgres'
import { psa } from '../../../core/test/fixtures/psa.ts'
import { nodeBridge } from '../../../http/src/index.ts'
import { mcpHost } from '../../../mcp/src/v2/index.ts'
import { KEY, worldOf, type Site } from './site.ts'
import { SteeredClock } from './steered-clock.ts'

/**
 * One gateway of several, in a process of its own. Says line by line what happens in it: `listening <port>`, `dispatched <tool>`,
 * `compared` and `cut off` (after each comparison of the standings), `changed <tenant>` (by somebody else), `stopping itself`,
 * `fault <code>`. Does what it reads: `revoke <tenant> <holder as JSON>`, `jump <ms>`, `stop after the next admission`; each is answered by `done`.
 */
const site = JSON.parse(process.argv[2] ?? '') as Site
const say = (line: string): void => void writeSync(1, `${line}\n`)
const clock = new SteeredClock()
let stopNext = false

const dispatcher: Dispatcher = {
  owner: async () => ({ kind: 'owner', key: 10 }),
  dispatch: async ({ tool, startBy }) => {
    if (clock.monotonic() > startBy) throw new Error('asked to begin too late')
    say(`dispatched ${tool.name}`)
    const tickets = [{ id: 1, client_id: 10, summary: 'Printer' }, { id: 2, client_id: 20, summary: 'Laptop' }]
    return { kind: 'succeeded', value: tool.name.endsWith('list') ? { tickets, total: 2 } : { done: true } }
  },
}

/** A process may be stopped at any moment: this one stops itself where it hurts most, between a durable admission and the dispatch. */
function stoppable(ledger: Ledger): Ledger {
  return {
    ...ledger,
    admit: async (item) => {
      const answer = await ledger.admit(item)
      if (stopNext && answer.kind === 'admitted') {
        stopNext = false
        say('stopping itself')
        process.kill(process.pid, 'SIGSTOP')
      }
      return answer
    },
  }
}

function watched(storage: Storage): Storage {
  return {
    tenant: async (id) => {
      const door = await storage.tenant(id)
      return { ...door, ledger: stoppable(door.ledger) }
    },
    changed: async (known) => {
      const changed = await storage.changed!(known)
      const told = [...changed.values()].includes('unknown') ? 'cut off' : 'compared'
      setImmediate(() => say(told)) // when it has been taken in
      return changed
    },
    close: () => storage.close(),
  }
}

const portcullis = await createPortcullis({
  url: site.url, keys: keysFrom(KEY), connectors: [psa], dispatcher, clock, world: worldOf(site),
  storage: watched(postgresStorage({ connection: { ...site.connection }, role: site.role })),
  warn: (_, fault) => {
    if (fault !== undefined) say(`fault ${(fault as { code?: string }).code ?? 'unknown'}`)
  },
})
portcullis.onChange((tenant) => say(`changed ${tenant}`))

const answer = nodeBridge(portcullis, { mcp: mcpHost(portcullis), fix: { consumed: '', mounted: '' } })
const server = createServer((incoming, outgoing) => {
  if (!answer(incoming, outgoing, { target: incoming.url ?? '' })) outgoing.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () => say(`listening ${(server.address() as AddressInfo).port}`))

for await (const line of createInterface({ input: process.stdin })) {
  const [command, first = '', ...rest] = line.split(' ')
  if (command === 'revoke') await portcullis.revoke(first, JSON.parse(rest.join(' ')) as TokenHolder)
  if (command === 'jump') clock.jump(Number(first))
  if (command === 'stop') stopNext = true
  say('done')
}
server.close()
server.closeAllConnections()
await portcullis.close()
