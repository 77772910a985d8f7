import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startHalo } from '../src/vendors/halopsa.ts'
import { startHudu } from '../src/vendors/hudu.ts'
import type { Logged, VendorOptions } from '../src/vendors/server.ts'
import { HALO_CREDENTIALS, HUDU_CREDENTIALS } from '../src/vendors/world.ts'

const options: VendorOptions = { port: 0, seed: 1, admin: 'adm', rate: 10_000, flaky: 0, slowMs: 0 }
const key = { 'x-api-key': HUDU_CREDENTIALS.northwind.apiKey }

async function started(over: Partial<VendorOptions> = {}, start = startHudu) {
  const vendor = await start({ ...options, ...over })
  onTestFinished(() => vendor.close())
  return vendor
}

const log = async (url: string) => ((await (await fetch(`${url}/__log`, { headers: { 'x-admin': 'adm' } })).json()) as { requests: Logged[] }).requests

test.each(['halopsa', 'hudu'])('%s runs as a process of its own, prints where it listens, and ends when asked', async (name) => {
  const file = fileURLToPath(new URL(`../src/vendors/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, '--port', '0', '--seed', '7', '--admin', 'adm'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { vendor, url } = JSON.parse(line) as { vendor: string; url: string }
  expect(vendor).toBe(name)
  expect(await log(url)).toEqual([])
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

test('every n-th read fails once, writes do not', async () => {
  const { url } = await started({ flaky: 3 })
  const statuses: number[] = []
  for (let index = 0; index < 6; index++) statuses.push((await fetch(`${url}/api/v1/companies`, { headers: key })).status)
  expect(statuses).toEqual([200, 200, 500, 200, 200, 500])
})

test('who asks too much in a second is told to wait, and the other MSP is not', async () => {
  const { url } = await started({ rate: 1 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/api/v1/companies`, { headers: key })))
  const limited = answers.filter(({ status }) => status === 429)
  expect(limited.length).toBeGreaterThanOrEqual(3)
  expect(limited[0]?.headers.get('retry-after')).toBe('1')
  expect((await fetch(`${url}/api/v1/companies`, { headers: { 'x-api-key': HUDU_CREDENTIALS.southridge.apiKey } })).status).toBe(200)
})

async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
  }
}

test('a slow write waits until it is released; given up before that, it has no effect, yet the log shows that it was asked', async () => {
  const { url } = await started({ slowMs: 60_000 }, startHalo)
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: HALO_CREDENTIALS.northwind.clientId, client_secret: HALO_CREDENTIALS.northwind.clientSecret })
  const { access_token } = (await (await fetch(`${url}/auth/token`, { method: 'POST', body: form })).json()) as { access_token: string }
  const headers = { authorization: `Bearer ${access_token}` }
  const close = (id: number, signal?: AbortSignal) => fetch(`${url}/api/Tickets`, { method: 'POST', headers, body: JSON.stringify([{ id, status_id: 77 }]), ...(signal && { signal }) })
  const status = async (id: number) => ((await (await fetch(`${url}/api/Tickets/${id}`, { headers })).json()) as { status_id: number }).status_id
  const asked = (id: number) => until(async () => (await log(url)).find(({ body }) => JSON.stringify(body)?.includes(`"id":${id}`)))
  const release = () => until(async () => (((await (await fetch(`${url}/__release`, { method: 'POST', headers: { 'x-admin': 'adm' } })).json()) as { released: number }).released > 0 ? true : undefined))

  const leaving = new AbortController()
  const left = close(1001, leaving.signal).catch(() => 'gone')
  expect(await asked(1001)).toMatchObject({ msp: 'northwind', method: 'POST', status: 0 })
  leaving.abort()
  expect(await left).toBe('gone')

  const staying = close(1002)
  await asked(1002)
  await release()
  expect((await staying).status).toBe(201)
  expect(await status(1002)).toBe(77)
  expect(await status(1001)).not.toBe(77)
})
