import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type GitServer, serverEnvironment } from './git-server.ts'
import { atFreePort, installed, ServerProcess } from './server-process.ts'

/** What sshd wants to be there when it runs as root; its package's service makes it in the same way. */
const PRIVILEGE_SEPARATION = '/run/sshd'

/** OpenSSH's sshd on loopback with throw-away keys. It lets in the user who runs the tests. */
export class SshServer implements GitServer {
  readonly directory: string
  readonly port: number
  readonly #server: ServerProcess

  private constructor(directory: string, server: ServerProcess, port: number) {
    this.directory = directory
    this.#server = server
    this.port = port
    this.trust('host')
  }

  /** `settings` are lines of sshd_config(5) that take the place of ours. */
  static async start(settings: readonly string[] = []): Promise<SshServer> {
    const sshd = installed('sshd', 'openssh-server')
    if (userInfo().uid === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 })
    const directory = mkdtempSync(join(tmpdir(), 'git-dw-sshd-'))
    for (const name of ['host', 'user']) makeKey(directory, name)
    const config = join(directory, 'sshd_config')
    const chosen = new Set(settings.map(keywordOf))
    const ours = configuration(directory).filter((line) => !chosen.has(keywordOf(line)))
    writeFileSync(config, [...settings, ...ours].map((line) => `${line}\n`).join(''))
    const log = join(directory, 'log')
    try {
      const { server, port } = await atFreePort(
        (each) => new ServerProcess(sshd, ['-D', '-e', '-f', config, '-p', String(each)], log),
      )
      return new SshServer(directory, server, port)
    } catch (error) {
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  url(path: string): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}${path}`
  }

  get login(): Readonly<Record<string, string>> {
    return { 'core.sshCommand': this.command('user') }
  }

  /** How git calls ssh with one of the keys of the directory, and with nothing of this machine's settings. */
  command(key: string): string {
    const options = [
      `UserKnownHostsFile=${this.#knownHosts}`,
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
    ].map((option) => `-o ${option}`)
    return `ssh -F /dev/null -i ${join(this.directory, key)} ${options.join(' ')}`
  }

  /** Another key of a client; `passphrase` is empty for one without. */
  makeKey(name: string, passphrase = ''): void {
    makeKey(this.directory, name, passphrase)
  }

  /** Lets clients take the server for the one that has this key. */
  trust(key: string): void {
    writeFileSync(this.#knownHosts, `[127.0.0.1]:${this.port} ${this.#publicKey(key)}`)
  }

  /** Lets in who has this key, too. */
  letIn(key: string): void {
    writeFileSync(join(this.directory, 'user.pub'), this.#publicKey('user') + this.#publicKey(key))
  }

  connections(): number {
    return this.#server.said().match(/^Accepted /gm)?.length ?? 0
  }

  get pids(): readonly number[] {
    return [this.#server.pid]
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }

  get #knownHosts(): string {
    return join(this.directory, 'known_hosts')
  }

  #publicKey(name: string): string {
    return readFileSync(join(this.directory, `${name}.pub`), 'utf8')
  }
}

function makeKey(directory: string, name: string, passphrase = ''): void {
  const keygen = installed('ssh-keygen', 'openssh-client')
  execFileSync(keygen, ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', join(directory, name)])
}

function keywordOf(line: string): string {
  return line.split(' ')[0] ?? ''
}

function configuration(directory: string): string[] {
  const variables = Object.entries(serverEnvironment(directory)).map(([name, value]) => `"${name}=${value}"`)
  return [
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host')}`,
    `AuthorizedKeysFile ${join(directory, 'user.pub')}`,
    'AuthenticationMethods publickey',
    'PermitRootLogin yes',
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
    'PrintMotd no',
    // what Debian sets beside it for clients of git: version 2 of its protocol
    'AcceptEnv GIT_PROTOCOL',
    // its default is safe from quantum computers, and takes twice the time
    'KexAlgorithms curve25519-sha256',
    // else it drops connections at random when more than ten log in at once
    'MaxStartups 200',
    `SetEnv ${variables.join(' ')}`,
  ]
}
