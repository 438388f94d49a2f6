import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where Debian and others keep servers, beside what is on PATH. */
const PLACES = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The whole path of a program. A missing one is a failure, not a reason to skip: `packages` brings it. */
export function installed(name: string, packages: string): string {
  const directories = [...(process.env['PATH'] ?? '').split(':'), ...PLACES]
  const found = directories.map((directory) => join(directory, name)).find((file) => existsSync(file))
  if (found !== undefined) return found
  throw new Error(`"${name}" is not installed, and the tests of sharing need it: apt-get install ${packages}`)
}

/** How long a server may take until it answers or has ended, in milliseconds. */
const LONGEST = 20_000

/** Below the ports that the system gives to connections of its own. */
const PORTS = { from: 20_000, below: 32_000 }

/** How many ports are tried: others may have taken one. */
const TRIES = 20

/** A server that this process has started, in a process group of its own, so that no ^C and no kill(0) crosses over. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #log: string
  readonly #ended: Promise<void>
  #hasEnded = false

  /** What it writes goes to the file `log`. `env` is all of its environment. */
  constructor(program: string, args: readonly string[], log: string, env: NodeJS.ProcessEnv = {}) {
    const file = openSync(log, 'a')
    this.#name = program
    this.#log = log
    const [command, ...rest] = [...dyingWithUs(), program, ...args]
    this.#child = spawn(command ?? program, rest, { stdio: ['ignore', file, file], detached: true, env })
    closeSync(file)
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true
        resolve()
      }
      this.#child.on('exit', end)
      this.#child.on('error', end)
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`"${this.#name}" could not be started`)
    return this.#child.pid
  }

  /** Waits until it takes connections at a port of loopback, or at a socket's path. False when it has ended before. */
  async answers(at: number | string): Promise<boolean> {
    const deadline = Date.now() + LONGEST
    while (!this.#hasEnded) {
      if (await takesConnections(at)) return !this.#hasEnded
      if (Date.now() > deadline) {
        await this.stop()
        throw new Error(`"${this.#name}" did not answer at ${at} within ${LONGEST} ms: ${this.said()}`)
      }
      await sleep(10)
    }
    return false
  }

  /** What it has written. */
  said(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** Ends it, by its pid, with all that it has started and that stayed in its group; returns when it is gone. */
  async stop(): Promise<void> {
    if (this.#child.pid === undefined) return
    if (!this.#hasEnded) this.#child.kill('SIGTERM')
    const isGone = await Promise.race([this.#ended.then(() => true), sleep(LONGEST / 4, false)])
    // what it was asked to run may hold on, such as a hook that waits
    endGroup(this.#child.pid)
    if (!isGone) await this.#ended
  }
}

/** Ends what it starts when this process dies without a word, as a worker that is killed; Linux can do it. */
function dyingWithUs(): string[] {
  const setpriv = '/usr/bin/setpriv'
  return existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM'] : []
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // nothing is left of it
  }
}

async function takesConnections(at: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof at === 'number' ? connect(at, '127.0.0.1') : connect(at)
    const done = (takes: boolean) => {
      socket.destroy()
      resolve(takes)
    }
    socket.on('connect', () => done(true))
    socket.on('error', () => done(false))
  })
}

/**
 * Starts a server at a port that is free. `start` gets the port to try; one at which the server ends at once, since
 * somebody else has it, is followed by another.
 */
export async function atFreePort(
  start: (port: number) => ServerProcess,
): Promise<{ readonly server: ServerProcess; readonly port: number }> {
  let said = ''
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.below - PORTS.from))
    if (await takesConnections(port)) continue
    const server = start(port)
    if (await server.answers(port)) return { server, port }
    said = server.said()
    if (!/in use/i.test(said)) break
  }
  throw new Error(`a server does not start: ${said}`)
}
