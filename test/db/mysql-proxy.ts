import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What to do with the next packet from the client that contains some text. */
type Act =
  /** The server gets it, the client is cut off before the answer. */
  | 'lose answer'
  /** The server gets it, and both are cut off at once. */
  | 'cut behind it'
  /** The server does not get it. */
  | 'lose packet'
  /** The server gets it; from then on nothing goes through that wire, and nobody is told. */
  | 'go silent'
  /** The server gets it and answers as ever. */
  | 'let through'

/** A part of what the client sends at once, as Latin-1. */
type Pattern = string | RegExp

interface Trap {
  readonly pattern: Pattern
  readonly act: Act
  readonly spring: () => void
}

/** A wire to MySQL that can be cut at a chosen moment. */
export class MysqlProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #target: { readonly port: number; readonly host: string }
  #trap: Trap | undefined
  #silent = false
  #abandons = false

  private constructor(server: Server, target: string) {
    this.#server = server
    this.#target = addressIn(target)
  }

  static async open(target: string): Promise<MysqlProxy> {
    const server = createServer()
    const proxy = new MysqlProxy(server, target)
    server.on('connection', (client) => {
      const { port, host } = proxy.#target
      proxy.#relay(client, connect(port, host))
    })
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
    return this.set(text, 'lose answer')
  }

  /** Cuts the wire instead of letting the next packet with this text through. */
  losePacket(text: string): Promise<void> {
    return this.set(text, 'lose packet')
  }

  /** Waits for the next packet with this in it; resolves once it was dealt with. */
  set(pattern: Pattern, act: Act): Promise<void> {
    return new Promise((spring) => {
      this.#trap = { pattern, act, spring }
    })
  }

  /** From now on nothing gets through in either direction, and nobody is told. */
  goSilent(): void {
    this.#silent = true
  }

  /** From now on the server's end stays open where a client is gone, as behind a cut network. */
  abandon(): void {
    this.#abandons = true
  }

  recover(): void {
    this.#silent = false
    this.#abandons = false
    this.cut()
  }

  /** Cuts all that goes through it now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Leads to another server from now on; connections to the old one are cut. */
  leadTo(target: string): void {
    this.#target = addressIn(target)
    this.cut()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (this.#abandons && socket === client) return
        for (const other of [client, server]) other.destroy()
      })
    }
    let isSilent = false
    let onAnswer: (() => void) | undefined
    client.on('data', (data: Buffer) => {
      if (this.#silent || isSilent || onAnswer) return
      const trap = this.#trap
      if (!trap || !isIn(data, trap.pattern)) return void server.write(data)
      this.#trap = undefined
      switch (trap.act) {
        case 'lose answer':
          onAnswer = () => {
            client.destroy()
            trap.spring()
          }
          server.write(data)
          return
        case 'cut behind it':
          server.end(data)
          client.destroy()
          break
        case 'lose packet':
          client.destroy()
          break
        case 'go silent':
          isSilent = true
          server.write(data)
          break
        case 'let through':
          server.write(data)
          break
        default:
          trap.act satisfies never
      }
      trap.spring()
    })
    server.on('data', (data) => {
      if (onAnswer) onAnswer()
      else if (!this.#silent && !isSilent) client.write(data)
    })
  }
}

function isIn(data: Buffer, pattern: Pattern): boolean {
  return typeof pattern === 'string'
    ? data.includes(pattern)
    : pattern.test(data.toString('latin1'))
}

function addressIn(url: string): { port: number; host: string } {
  const { hostname, port } = new URL(url)
  return { port: Number(port), host: hostname }
}
