import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and PostgreSQL, and loses what it is told to lose. */
export interface Proxy {
  readonly port: number
  /** From now on, nothing that PostgreSQL says arrives. */
  deafen(): void
  /** Breaks every connection; new ones are taken again, and hear again. */
  cut(): void
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<Proxy> {
  let deaf = false
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => { if (!deaf) client.write(bytes) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const cut = (): void => {
    deaf = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    deafen: () => { deaf = true },
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
