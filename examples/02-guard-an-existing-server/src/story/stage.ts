import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { checkProtected, type ServerLike } from '@portcullis/mcp'
import type { Connector, Portcullis } from '@portcullis/core'
import { openDeployment, type Deployment } from '../deployment.ts'
import type { Account, Tenant } from '../world.ts'

/** A deployment that listens. */
export interface Stage extends AsyncDisposable {
  readonly deployment: Deployment
  readonly url: string
  /** A service account's access token, for its shown-once secret. */
  readonly tokenOf: (tenant: Tenant, account: Account) => Promise<string>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface Setting {
  readonly self: Connector
  readonly makeServer: () => ServerLike
  readonly serve: (portcullis: Portcullis, port: number) => Promise<AsyncDisposable>
}

/** Opens a deployment, compares its table with the server, and listens. */
export async function openStage({ self, makeServer, serve }: Setting, port?: number): Promise<Stage> {
  const at = port ?? (await freePort())
  const url = `http://127.0.0.1:${at}`
  const deployment = await openDeployment(url, self)
  await checkProtected(deployment.portcullis, makeServer)
  const serving = await serve(deployment.portcullis, at)
  return {
    deployment, url,
    tokenOf: async (tenant, account) => {
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_secret: deployment.secrets[tenant][account] })
      const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: form })
      return ((await answer.json()) as { access_token: string }).access_token
    },
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]()
      await deployment[Symbol.asyncDispose]()
    },
  }
}
