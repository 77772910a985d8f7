import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { hashSecret, keysFrom, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import { migrate } from '../../src/index.ts'
import { freshDatabase } from '../database.ts'
import type { Connection } from '../../../../test-support/postgres-server.ts'
import { issuerOf, KEY, type Site } from './site.ts'

const PROGRAM = fileURLToPath(new URL('./gateway.ts', import.meta.url))

/** An answer as it came: its code (of the denial, or of the JSON-RPC error, or `result`) and what "the same bytes" compares. */
export interface Answer {
  readonly status: number
  readonly code: string
  readonly effect: string | undefined
  readonly approvalId: string
  readonly bytes: string
}

/** One database, and what its gateways and those who call them have in common. */
export class Deployment {
  readonly site: Site
  readonly #signing = generateKeyPairSync('ed25519')
  readonly #secrets: Readonly<Record<string, string>>
  #tokens = 0

  private constructor(site: Omit<Site, 'jwk' | 'credentials'>) {
    const minted = Object.keys(site.tenants).map((tenant) => ({ tenant, ...mintShownSecret('test') }))
    const pepper = pepperOf(keysFrom(KEY))
    this.#secrets = Object.fromEntries(minted.map(({ tenant, secret }) => [tenant, secret]))
    const credentials = Object.fromEntries(minted.map(({ tenant, keyId, secret }) => [tenant, { id: keyId, secretHash: hashSecret(pepper, secret) }]))
    this.site = { ...site, credentials, jwk: { ...this.#signing.publicKey.export({ format: 'jwk' }), kid: 'key' } }
  }

  static async on(server: Connection, tenants: Site['tenants']): Promise<Deployment> {
    const { owner, app, role } = await freshDatabase(server)
    await migrate({ ...owner }, { role, login: app.user })
    return new Deployment({ connection: app, role, url: 'http://127.0.0.1', tenants })
  }

  /** A person's own sign-in of this moment, with a second factor. */
  token(tenant: string, subject: string): string {
    const now = Math.floor(Date.now() / 1000)
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
    const claims = { iss: issuerOf(tenant), aud: this.site.url, sub: subject, jti: `t${this.#tokens++}`, iat: now, exp: now + 900, auth_time: now, amr: ['pwd', 'otp'] }
    const signed = `${encode({ alg: 'Ed25519', typ: 'at+jwt', kid: 'key' })}.${encode(claims)}`
    return `${signed}.${sign(null, Buffer.from(signed), this.#signing.privateKey).toString('base64url')}`
  }

  /** The service account `bot` exchanges its secret at a gateway. */
  async botToken(tenant: string, gateway: Gateway): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_secret: this.#secrets[tenant]! })
    const response = await fetch(`${gateway.address}/oauth/token`, { method: 'POST', body: form })
    return ((await response.json()) as { access_token: string }).access_token
  }
}

/** A gateway in a process of its own. */
export class Gateway implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  #commands = 0

  private constructor(site: Site) {
    this.#child = spawn(process.execPath, ['--conditions=@portcullis/source', '--no-warnings', PROGRAM, JSON.stringify(site)], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line)
      for (const wake of this.#waiting) wake()
    })
  }

  static async start(site: Site): Promise<Gateway> {
    const gateway = new Gateway(site)
    const dead = once(gateway.#child, 'exit').then(() => { throw new Error(`The gateway ended: ${gateway.lines.join('\n')}`) })
    dead.catch(() => undefined)
    await Promise.race([gateway.said(/^listening/), dead])
    return gateway
  }

  get address(): string {
    return `http://127.0.0.1:${this.lines.find((line) => line.startsWith('listening'))!.split(' ')[1]}`
  }

  /** How often it has said so. */
  count(what: RegExp): number {
    return this.lines.filter((line) => what.test(line)).length
  }

  /** Resolves when it has said so for the n-th time. */
  async said(what: RegExp, times = 1): Promise<void> {
    while (this.count(what) < times) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake)
          resolve()
        }
        this.#waiting.add(wake)
      })
    }
  }

  async command(text: string): Promise<void> {
    this.#commands += 1
    this.#child.stdin!.write(`${text}\n`)
    await this.said(/^done/, this.#commands)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  list(token: string | undefined, endpoint = '/mcp/customers/acme'): Promise<Answer> {
    return this.#post(endpoint, token, { method: 'tools/list', params: {} })
  }

  call(token: string | undefined, tool: string, args: object = {}, endpoint = '/mcp/customers/acme'): Promise<Answer> {
    return this.#post(endpoint, token, { method: 'tools/call', params: { name: tool, arguments: args } })
  }

  async approve(token: string, approvalId: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return (await fetch(`${this.address}/approvals/${approvalId}/votes`, { method: 'POST', headers, body: JSON.stringify({ decision: 'approve', reason: 'It is one.' }) })).status
  }

  async #post(endpoint: string, token: string | undefined, message: object): Promise<Answer> {
    const headers = {
      'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const response = await fetch(`${this.address}${endpoint}`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) })
    const text = await response.text()
    const { result, error } = JSON.parse(text) as { result?: { _meta?: Record<string, Denial> }; error?: { code?: number | string; data?: Denial } }
    const denial = result?._meta?.['dev.portcullis/denial'] ?? error?.data
    const shown = Array.from(response.headers).filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${value}`)
    const bytes = [response.status, ...shown, '', text.replaceAll(/dec_[0-9a-f]{32}/g, 'dec_')].join('\n')
    return { status: response.status, code: String(denial?.code ?? error?.code ?? 'result'), effect: denial?.effect, approvalId: denial?.approvalId ?? '', bytes }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGCONT')
    this.#child.stdin!.end()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(late)
  }
}

interface Denial {
  readonly code?: string
  readonly effect?: string
  readonly approvalId?: string
}
