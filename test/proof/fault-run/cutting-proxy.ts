import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CutOff } from './transport.ts'

/** After so many milliseconds without more of it, a request is whole. */
const WHOLE = 150

/**
 * A proxy before a web server that cuts connections as stand-ins/cut-connection.mjs does: there a connection
 * is a program's, here it is what the client posts.
 */
export class CuttingProxy {
  readonly #server: Server
  readonly #target: number
  readonly #cuts = new Map<string, CutOff>()
  readonly #late = new Set<Promise<void>>()

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    server.on('connection', (client) => this.#serve(client))
  }

  /** `target` is the port of the web server. */
  static async start(target: number): Promise<CuttingProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new CuttingProxy(server, target)
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** What is to be done to the requests with this mark. */
  cut(mark: string, cut: CutOff): void {
    this.#cuts.set(mark, cut)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#late)
  }

  stop(): void {
    this.#server.close()
  }

  #serve(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    const end = () => {
      client.destroy()
      server.destroy()
    }
    /** What is posted, when that is to be cut; null while all goes through. */
    let posted: { readonly cut: CutOff; readonly parts: Buffer[]; left: number } | null = null
    let timer: NodeJS.Timeout | undefined
    for (const socket of [client, server]) {
      socket.on('error', end)
      socket.on('close', end)
    }
    server.on('data', (chunk) => {
      if (posted === null) client.write(chunk)
      // it has been served, and nobody is told
      else end()
    })
    client.on('data', (chunk) => {
      posted ??= this.#begins(chunk)
      if (posted === null) return void server.write(chunk)
      const { cut, parts } = posted
      parts.push(chunk)
      if (cut.how === 'refused' || cut.how === 'before') end()
      if (cut.how === 'after') server.write(chunk)
      if (cut.how === 'during') {
        const isLast = posted.left <= chunk.length
        server.write(chunk.subarray(0, posted.left), () => isLast && end())
        posted.left -= chunk.length
      }
      if (cut.how === 'late') {
        clearTimeout(timer)
        timer = setTimeout(() => {
          this.#sendLate(Buffer.concat(parts), cut)
          end()
        }, WHOLE)
      }
    })
  }

  /** Whether a request begins that is to be cut. */
  #begins(chunk: Buffer): { cut: CutOff; parts: Buffer[]; left: number } | null {
    const head = chunk.toString('latin1')
    const mark = /^dw-proof: (.*)$/im.exec(head)?.[1]?.trim() ?? ''
    const cut = this.#cuts.get(mark)
    if (cut === undefined || !/^(?:GET|POST) /.test(head)) return null
    const isMeant = cut.how === 'refused' || head.startsWith('POST ')
    if (!isMeant) return null
    if (cut.nth !== 'all' && connectionOf(cut.directory) !== cut.nth) return null
    writeFileSync(join(cut.directory, 'done'), '')
    return { cut, parts: [], left: cut.bytes }
  }

  #sendLate(request: Buffer, { bytes }: CutOff): void {
    const sent = (async () => {
      await sleep(1000 + (bytes % 4) * 1000)
      const server = connect(this.#target, '127.0.0.1')
      server.on('error', () => undefined)
      server.write(request)
      await new Promise<void>((resolve) => {
        server.on('data', () => resolve())
        server.on('close', () => resolve())
      })
      server.destroy()
    })()
    this.#late.add(sent)
  }
}

/** The number of this connection of a call. */
function connectionOf(directory: string): number {
  for (let at = 1; ; at += 1) {
    try {
      mkdirSync(join(directory, `connection-${at}`))
      return at
    } catch {
      // another one has it
    }
  }
}
