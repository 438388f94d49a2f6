import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type GitServer, gitPrograms, serverEnvironment } from './git-server.ts'
import { atFreePort, installed, ServerProcess } from './server-process.ts'

/** Who is let in. */
const [USER, PASSWORD] = ['ann', 'a secret']

/** How many requests are answered at once; a hook that waits takes one. */
const WORKERS = 24

/** nginx on loopback, with fcgiwrap that runs `git http-backend`, and a user name and password. */
export class WebServer implements GitServer {
  readonly directory: string
  readonly port: number
  readonly #servers: readonly ServerProcess[]

  private constructor(directory: string, servers: readonly ServerProcess[], port: number) {
    this.directory = directory
    this.#servers = servers
    this.port = port
    const address = `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}\n`
    writeFileSync(join(directory, 'credentials'), address, { mode: 0o600 })
  }

  /** `settings` are lines of nginx's for the repositories. */
  static async start(settings: readonly string[] = []): Promise<WebServer> {
    const nginx = installed('nginx', 'nginx-light')
    const fcgiwrap = installed('fcgiwrap', 'fcgiwrap')
    const directory = mkdtempSync(join(tmpdir(), 'git-dw-nginx-'))
    const socket = join(directory, 'socket')
    const env = serverEnvironment(directory)
    const gateway = new ServerProcess(
      fcgiwrap,
      ['-c', String(WORKERS), '-f', '-s', `unix:${socket}`],
      join(directory, 'fcgiwrap-log'),
      env,
    )
    writeFileSync(join(directory, 'users'), `${USER}:{PLAIN}${PASSWORD}\n`)
    try {
      if (!(await gateway.answers(socket))) throw new Error(`fcgiwrap does not start: ${gateway.said()}`)
      const { server, port } = await atFreePort((each) => {
        const config = join(directory, 'nginx.conf')
        writeFileSync(config, configuration(directory, each, { env, settings, socket }))
        // what goes wrong before it has read the file is told on stderr
        const args = ['-p', directory, '-c', config, '-e', 'stderr']
        return new ServerProcess(nginx, args, join(directory, 'log'))
      })
      return new WebServer(directory, [server, gateway], port)
    } catch (error) {
      await gateway.stop()
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  get login(): Readonly<Record<string, string>> {
    return { 'credential.helper': `store --file=${join(this.directory, 'credentials')}` }
  }

  connections(): number {
    // each begins by asking for the refs, first without the password
    const requests = readFileSync(join(this.directory, 'requests'), 'utf8')
    return requests.match(/^200 GET .*\/info\/refs$/gm)?.length ?? 0
  }

  get pids(): readonly number[] {
    return this.#servers.map(({ pid }) => pid)
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function configuration(
  directory: string,
  port: number,
  parts: {
    readonly env: Readonly<Record<string, string>>
    readonly settings: readonly string[]
    readonly socket: string
  },
): string {
  const { env, settings, socket } = parts
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const parameters = {
    ...env,
    SCRIPT_FILENAME: join(gitPrograms(), 'git-http-backend'),
    GIT_PROJECT_ROOT: '/',
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: '$uri',
    QUERY_STRING: '$query_string',
    REQUEST_METHOD: '$request_method',
    CONTENT_TYPE: '$content_type',
    CONTENT_LENGTH: '$content_length',
    REMOTE_USER: '$remote_user',
    REMOTE_ADDR: '$remote_addr',
  }
  return `${userInfo().uid === 0 ? `user ${userInfo().username};` : ''}
daemon off;
worker_processes 1;
pid ${join(directory, 'pid')};
events { worker_connections 256; }
http {
  ${places.map((place) => `${place}_temp_path ${join(directory, place)};`).join('\n  ')}
  log_format requests '$status $request_method $uri';
  access_log ${join(directory, 'requests')} requests;
  server {
    listen 127.0.0.1:${port};
    auth_basic git;
    auth_basic_user_file ${join(directory, 'users')};
    client_max_body_size 0;
    location / {
      ${settings.join('\n      ')}
      fastcgi_pass unix:${socket};
      ${Object.entries(parameters)
        .map(([name, value]) => `fastcgi_param ${name} "${value}";`)
        .join('\n      ')}
    }
  }
}
`
}
