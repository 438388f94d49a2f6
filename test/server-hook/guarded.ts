import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type DwRecord, encode } from '../../src/store/codec.ts'
import { writeBlob, writeRef } from '../harness/loose-objects.ts'
import { Sandbox } from '../harness/sandbox.ts'

export const HOOK = resolve(import.meta.dirname, '../../hooks/server/pre-receive')
const ZERO = '0'.repeat(40)

/** What a push wants: the new value by ref, null to delete it. */
export type Pushed = Readonly<Record<string, string | null>>

/** How the hook ended, and how many git processes it started. */
export interface Verdict {
  readonly status: number | null
  readonly stderr: string
  readonly git: number
}

/** A bare repository whose objects and refs are written without git, so that hundreds cost nothing. */
export class Guarded {
  readonly sandbox: Sandbox
  readonly path: string
  readonly #refs = new Map<string, string>()
  #nonce = 0

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox
    this.path = join(sandbox.root, 'guarded.git')
  }

  static async create(): Promise<Guarded> {
    const guarded = new Guarded(await Sandbox.create())
    await guarded.sandbox.git(['clone', '--quiet', '--bare', guarded.sandbox.repo, guarded.path])
    const noted = `#!/bin/sh\necho >>'${guarded.#calls}'\nexec '${program('git')}' "$@"\n`
    mkdirSync(join(guarded.path, 'counted'))
    writeFileSync(join(guarded.path, 'counted/git'), noted, { mode: 0o755 })
    mkdirSync(join(guarded.path, 'busybox'))
    writeFileSync(join(guarded.path, 'busybox/awk'), '#!/bin/sh\nexec busybox awk "$@"\n', { mode: 0o755 })
    return guarded
  }

  /** A blob that holds `text`; its object id. */
  blob(text: string | Uint8Array): string {
    return writeBlob(this.path, text)
  }

  /** A blob as the program writes the record, new each time. */
  record(record: DwRecord): string {
    this.#nonce += 1
    return this.blob(encode(record, { rev: 1, nonce: `n${this.#nonce}` }))
  }

  /** What stands on the server, branches apart, from now on. */
  stand(refs: Readonly<Record<string, string>>): void {
    for (const directory of ['active', 'ended', 'locks', 'meta']) {
      rmSync(join(this.path, 'refs/dw', directory), { recursive: true, force: true })
    }
    for (const ref of this.#refs.keys()) if (ref.startsWith('refs/dw/')) this.#refs.delete(ref)
    for (const [ref, oid] of Object.entries(refs)) this.#put(ref, oid)
  }

  #put(ref: string, oid: string): void {
    this.#refs.set(ref, oid)
    writeRef(this.path, ref, oid)
  }

  /** A branch's value, from now on. */
  branch(name: string, oid: string | null): void {
    const ref = `refs/heads/${name}`
    this.#refs.delete(ref)
    rmSync(join(this.path, ref), { force: true })
    if (oid !== null) this.#put(ref, oid)
  }

  /** Asks the hook, as receive-pack does. */
  push(pushed: Pushed, shell: readonly string[] = ['sh']): Verdict {
    const lines = Object.entries(pushed).map(
      ([ref, oid]) => `${this.#refs.get(ref) ?? ZERO} ${oid ?? ZERO} ${ref}\n`,
    )
    rmSync(this.#calls, { force: true })
    const env = this.sandbox.env()
    const [command = 'sh', ...rest] = shell
    // with its sh, its awk
    const tools = [command, 'counted'].map((name) => join(this.path, name))
    const result = spawnSync(command, [...rest, HOOK], {
      cwd: this.path,
      env: { ...env, GIT_DIR: '.', PATH: [...tools, env['PATH']].join(':') },
      input: lines.join(''),
      encoding: 'utf8',
      timeout: 30_000,
    })
    return { status: result.status, stderr: result.stderr, git: this.#countedCalls() }
  }

  get #calls(): string {
    return join(this.path, 'calls')
  }

  #countedCalls(): number {
    try {
      return readFileSync(this.#calls, 'utf8').length
    } catch {
      return 0
    }
  }

  git(args: readonly string[], input = ''): string {
    const options = { cwd: this.path, env: this.sandbox.env(), input, encoding: 'utf8' } as const
    const done = spawnSync('git', args, options)
    if (done.status !== 0) throw new Error(done.stderr)
    return done.stdout.trim()
  }

  /** A commit of these files on top of `parents`, without moving a branch. */
  commit(files: readonly string[], parents: readonly string[]): string {
    const [from, ...merged] = parents
    const changes = files.map(
      (path) => `M 100644 inline ${JSON.stringify(path)}\ndata 2\n${this.#nonce % 10}\n\n`,
    )
    this.#nonce += 1
    const stream = [
      `commit refs/heads/made\ncommitter A <a@b> ${this.#nonce} +0000\ndata 1\nx\n`,
      from === undefined ? '' : `from ${from}\n`,
      ...merged.map((parent) => `merge ${parent}\n`),
      ...changes,
      'get-mark :1\n',
    ]
    const input = stream.join('').replace('committer', 'mark :1\ncommitter')
    const oid = this.git(['fast-import', '--quiet', '--force'], input)
    rmSync(join(this.path, 'refs/heads/made'), { force: true })
    return oid
  }
}

function program(name: string): string {
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
}

/**
 * Lets an awk function of the hook work on lines: `body` is awk that prints its answer for each $0. Lines may
 * hold any bytes but a newline.
 */
export function awk(body: string, input: string | Buffer): string[] {
  const text = readFileSync(HOOK, 'utf8')
  const parts = ['names', 'json', 'records'].map((part) => {
    const start = text.indexOf(`${part}='\n`) + part.length + 2
    return text.slice(start, text.indexOf("\n'\n", start) + 1)
  })
  const result = spawnSync('awk', [`${parts.join('')}BEGIN { setup() } ${body}`], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    input,
    maxBuffer: 1 << 28,
  })
  if (result.status !== 0) throw new Error(result.stderr.toString('utf8'))
  return result.stdout.toString('latin1').split('\n').slice(0, -1)
}
