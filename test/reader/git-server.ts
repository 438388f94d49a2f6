import { spawn } from 'node:child_process'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Sandbox } from '../harness/sandbox.ts'

/** One request that a server was sent. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
}

export interface GitServerOptions {
  /** `user:password` that every request must have. */
  readonly login?: string
  /** Answers in the place of git; true when it did. */
  readonly first?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** The git protocol that the server allows. */
  readonly noVersion2?: boolean
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** A server on loopback. */
export interface RunningServer {
  readonly url: string
  readonly seen: readonly Seen[]
  close(): Promise<void>
}

/** Serves what is under the sandbox's root by `git http-backend`, as a real web server does. */
export async function serveGit(sandbox: Sandbox, options: GitServerOptions = {}): Promise<RunningServer> {
  const { login, first } = options
  const expected = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  return serve((request, response) => {
    if (first?.(request, response)) return
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('no\n')
      return
    }
    answerByGit(sandbox, request, response, options)
  }, options.tls)
}

/** Serves whatever `listener` answers. */
export async function serve(
  listener: RequestListener,
  tls?: { readonly key: string; readonly cert: string },
): Promise<RunningServer> {
  const seen: Seen[] = []
  const answer: RequestListener = (request, response) => {
    const { method = '', url = '', headers } = request
    seen.push({ method, path: url, authorization: headers.authorization })
    listener(request, response)
  }
  const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Runs `git http-backend` as a web server runs a CGI program. */
function answerByGit(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  { noVersion2 }: GitServerOptions,
): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    env: sandbox.env({
      env: {
        GIT_PROJECT_ROOT: sandbox.root,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: decodeURIComponent(pathname),
        QUERY_STRING: searchParams.toString(),
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        CONTENT_TYPE: request.headers['content-type'],
        CONTENT_LENGTH: request.headers['content-length'],
        GIT_PROTOCOL: noVersion2 ? undefined : String(request.headers['git-protocol'] ?? ''),
        REMOTE_ADDR: '127.0.0.1',
      },
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  let isBody = false
  child.stdout.on('data', (chunk: Buffer) => {
    if (isBody) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    isBody = true
    const headers = head
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s))
    const status = Number.parseInt(headers.find(([name]) => name === 'Status')?.[1] ?? '200', 10)
    for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value)
    response.writeHead(status).write(head.subarray(end + 4))
  })
  child.stdout.on('end', () => response.end())
}
