import { deepEqual, equal } from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { Project } from './pack-project.ts'
import type { Readme } from './pack-readme.ts'
import { environment, runWith } from './pack-runtime.ts'

/** The vendor, pretended: one key sees the tickets of all customers. Loaded before the server, which is left as printed. */
const VENDOR = `
const real = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input))
  if (url.hostname !== 'halo.example.com') return real(input, init)
  if (url.pathname === '/auth/token') return Response.json({ access_token: 'what-the-vendor-gave', expires_in: 3600 })
  return Response.json([{ id: 1, client_id: 10, summary: 'Printer' }, { id: 2, client_id: 20, summary: 'Payroll' }])
}
`
const START_MS = 30_000
const ANSWER_MS = 10_000

/** Does what the README says in a project, starts its server as printed, and asks it as an agent would. Throws where it does not hold. */
export async function goThrough(readme: Readme, type: 'module' | 'commonjs', project: Project): Promise<void> {
  const write = (name: string, text: string): void => { writeFileSync(join(project.folder, name), text) }
  const beside = type === 'module' ? 'ts' : 'mts'
  const server = type === 'module' ? 'server.ts' : 'server.js'
  write(`halo.${beside}`, readme.connector)
  write(`world.${beside}`, readme.world)
  write(server, readme.server[type])
  write('vendor.mjs', VENDOR)
  const secret = await credential(readme, project)
  const { publicKey } = generateKeyPairSync('ed25519')
  write('northwind-jwks.json', JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }))

  const port = await freePort()
  const { node, flags } = project.runtime
  const env = environment(project.runtime, { PORT: String(port), HALO_SECRET: 'the-one-key-to-everything' })
  const child = spawn(node, [...flags, '--import', './vendor.mjs', server], { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk))
  const gone = once(child, 'close')
  try {
    await ask(await healthy(`http://127.0.0.1:${port}`, child), secret)
  } catch (error) {
    throw new Error(`${server}: ${error instanceof Error ? error.message : String(error)}\n${Buffer.concat(said).toString()}`, { cause: error })
  } finally {
    child.kill()
    await gone
  }
}

/** The commands as printed; what the last one shows goes where the README says. */
async function credential({ commands }: Readme, { runtime, folder }: Project): Promise<string> {
  let shown = ''
  for (const [program = '', ...args] of commands) {
    const { passed, output, answer } = await runWith(runtime, program, args, folder)
    if (!passed) throw new Error(`${[program, ...args].join(' ')}: ${output}`)
    shown = answer
  }
  const { secret, id, secretHash } = JSON.parse(shown) as { secret: string; id: string; secretHash: string }
  writeFileSync(join(folder, 'night-bot.json'), JSON.stringify({ id, secretHash }))
  return secret
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((closed) => probe.close(closed))
  return port
}

/** Waits until `/health` answers; a server that ended will never do. */
async function healthy(origin: string, child: ChildProcess): Promise<string> {
  const end = AbortSignal.timeout(START_MS)
  while (child.exitCode === null && child.signalCode === null && !end.aborted) {
    const answer = await fetch(`${origin}/health`, { signal: end }).catch(() => undefined)
    if (answer !== undefined) {
      equal(answer.status, 200, 'the status of /health')
      return origin
    }
    await after(50)
  }
  throw new Error(end.aborted ? 'it did not answer in time' : `it ended with ${child.exitCode ?? child.signalCode}`)
}

/** A token for one customer, and with it a call that must show the tickets of that customer and no other. */
async function ask(origin: string, secret: string): Promise<void> {
  const post = async (path: string, body: string | URLSearchParams, headers: Record<string, string>): Promise<[status: number, body: unknown]> => {
    const answer = await fetch(`${origin}${path}`, { method: 'POST', body, headers, signal: AbortSignal.timeout(ANSWER_MS) })
    return [answer.status, await answer.json()]
  }
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'halo.list_tickets', arguments: {} } })
  const mcp = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  equal((await post('/mcp', call, mcp))[0], 401, 'the status of a call without a token')

  const form = new URLSearchParams({ grant_type: 'client_credentials', client_secret: secret, customer: 'globex' })
  const [status, token] = await post('/oauth/token', form, {})
  equal(status, 200, 'the status of the token endpoint')
  const [, answer] = await post('/mcp', call, { ...mcp, authorization: `Bearer ${(token as { access_token: string }).access_token}` })
  const { result } = answer as { result?: { structuredContent?: unknown } }
  deepEqual(result?.structuredContent, { tickets: [{ id: 2, client_id: 20, summary: 'Payroll' }], count: 1 })
}
