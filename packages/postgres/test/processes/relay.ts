import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The network between one process and the database: it can be taken away and given back, at the same port. */
export class Relay {
  readonly port: number
  readonly #to: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  #server: Server

  private constructor(to: { readonly host: string; readonly port: number }, server: Server) {
    this.#to = to
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#pass(near))
  }

  static async to(place: { readonly host: string; readonly port: number }): Promise<Relay> {
    return new Relay(place, await listening(0))
  }

  /** Every connection is broken, and a new one is refused. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  async mend(): Promise<void> {
    this.#server = await listening(this.port)
    this.#server.on('connection', (near) => this.#pass(near))
  }

  #pass(near: Socket): void {
    const far = connect(this.#to)
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
