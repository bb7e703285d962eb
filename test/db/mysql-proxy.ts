import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What to do with the next packet from the client that contains some text. */
type Trap = { readonly text: string; readonly act: 'lose answer' | 'lose packet' }

/** A wire to MySQL that can be cut at a chosen moment. */
export class MysqlProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #trap: Trap | undefined
  #silent = false
  #sprung = Promise.withResolvers<void>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(target: string): Promise<MysqlProxy> {
    const { hostname, port } = new URL(target)
    const server = createServer()
    const proxy = new MysqlProxy(server)
    server.on('connection', (client) => proxy.#relay(client, connect(Number(port), hostname)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /** The target's address, by way of this wire. */
  through(target: string): string {
    const url = new URL(target)
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return url.href
  }

  /** Cuts the wire after the next packet with this text got through, before its answer does. */
  loseAnswerTo(text: string): Promise<void> {
    return this.#set({ text, act: 'lose answer' })
  }

  /** Cuts the wire instead of letting the next packet with this text through. */
  losePacket(text: string): Promise<void> {
    return this.#set({ text, act: 'lose packet' })
  }

  /** From now on nothing gets through in either direction, and nobody is told. */
  goSilent(): void {
    this.#silent = true
  }

  recover(): void {
    this.#silent = false
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #set(trap: Trap): Promise<void> {
    this.#trap = trap
    this.#sprung = Promise.withResolvers()
    return this.#sprung.promise
  }

  #relay(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        for (const other of [client, server]) other.destroy()
      })
    }
    let cut = false
    client.on('data', (data) => {
      if (this.#silent || cut) return
      const trap = this.#trap
      if (!trap || !data.includes(trap.text)) return void server.write(data)
      this.#trap = undefined
      cut = true
      if (trap.act === 'lose answer') server.write(data)
      else client.destroy()
      if (trap.act === 'lose packet') this.#sprung.resolve()
    })
    server.on('data', (data) => {
      if (this.#silent) return
      if (!cut) return void client.write(data)
      client.destroy()
      this.#sprung.resolve()
    })
  }
}
