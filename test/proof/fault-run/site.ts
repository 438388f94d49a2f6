import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../../harness/sandbox.ts'
import { LAUNCHER } from '../../races/meeting.ts'
import { CAN_MOUNT, Disk } from './disk.ts'
import type { Plan } from './plan.ts'
import { ownerlessLocks } from './processes.ts'
import type { Recorder } from './recorder.ts'
import type { Served, Transport } from './transport.ts'

/** Where something can go wrong: the remote, or one of the clones. */
export interface Place {
  readonly name: string
  readonly gitDir: string
  /** Null where nobody may mount one. */
  readonly disk: Disk | null
}

export interface CloneSite extends Place {
  readonly path: string
  /** What its sessions' records call it. */
  readonly id: string
  /** For DW_TEST_CLOCK. */
  readonly clock: string
  /** How far that is ahead, in hours. */
  readonly ahead: number
}

const STAND_INS = join(import.meta.dirname, 'stand-ins')

/** A remote with its hooks and clones that share their locks through it, each on a disk of its own. */
export class Site {
  readonly sandbox: Sandbox
  readonly served: Served
  readonly remote: Place
  readonly clones: readonly CloneSite[]
  /** The commit that all have. */
  readonly first: string

  private constructor(parts: Pick<Site, 'sandbox' | 'served' | 'remote' | 'clones' | 'first'>) {
    this.sandbox = parts.sandbox
    this.served = parts.served
    this.remote = parts.remote
    this.clones = parts.clones
    this.first = parts.first
  }

  static async open(
    sandbox: Sandbox,
    transport: Transport,
    { clocks, remoteTimeout }: Pick<Plan, 'clocks' | 'remoteTimeout'>,
    recorder: Recorder,
  ): Promise<Site> {
    const disks: Disk[] = []
    const onDisk = (name: string) => {
      const path = join(sandbox.root, name)
      if (!CAN_MOUNT) mkdirSync(path)
      else disks.push(new Disk(path))
      return { path, disk: CAN_MOUNT ? (disks.at(-1) ?? null) : null }
    }
    try {
      for (const setting of [...SETTINGS, ['dw.remoteTimeout', `${remoteTimeout}s`]])
        await sandbox.git(['config', '--global', ...setting], { cwd: sandbox.root })
      const { path, disk } = onDisk('remote')
      const gitDir = join(path, 'hub.git')
      await sandbox.git(['init', '--quiet', '--bare', '--template=', '--initial-branch=main', gitDir], {
        cwd: sandbox.root,
      })
      // a server reads other settings of its user's than a client
      for (const setting of HOUSEKEEPING) await sandbox.git(['config', ...setting], { cwd: gitDir })
      const tree = await sandbox.git(['mktree'], { cwd: gitDir, input: '' })
      const first = await sandbox.git(['commit-tree', '-m', 'first', tree], { cwd: gitDir })
      await sandbox.git(['update-ref', 'refs/heads/main', first], { cwd: gitDir })
      const served = await transport.serve(sandbox, gitDir)
      const clones: CloneSite[] = []
      for (const [at, ahead] of clocks.entries()) {
        const place = onDisk(`clone-${at}`)
        clones.push(await cloneAt(sandbox, served, place, { at, ahead, clock: recorder.clock }))
      }
      installHooks(sandbox, gitDir, recorder)
      return new Site({ sandbox, served, remote: { name: 'remote', gitDir, disk }, clones, first })
    } catch (error) {
      for (const disk of disks) disk.unmount()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.served.close()
    for (const { disk } of [this.remote, ...this.clones]) disk?.unmount()
  }

  /** Somebody takes all records from the remote. */
  async empty(): Promise<void> {
    const input = [...(await this.records(this.remote)).keys()].map((ref) => `delete ${ref}\n`).join('')
    await this.sandbox.git(['update-ref', '--stdin'], { cwd: this.remote.gitDir, input })
  }

  /** Refs with their object ids under `refs/dw`. */
  async records({ gitDir }: Place): Promise<Map<string, string>> {
    return this.refs({ gitDir }, 'refs/dw')
  }

  async refs({ gitDir }: Pick<Place, 'gitDir'>, prefix: string): Promise<Map<string, string>> {
    const args = ['for-each-ref', '--format=%(refname) %(objectname)', prefix]
    const output = await this.sandbox.git(args, { cwd: gitDir })
    const lines = output === '' ? [] : output.split('\n')
    return new Map(lines.map((line) => line.split(' ') as [string, string]))
  }

  /**
   * Somebody looks after a place: lock files that nobody holds are removed at the remote, and get old in a
   * clone, where the program sees to them.
   */
  tidy(place: Place): void {
    for (const file of ownerlessLocks(place.gitDir)) {
      if (place === this.remote) rmSync(file, { force: true })
      else if (file.includes('packed-refs')) rmSync(file, { force: true })
      else age(file)
    }
  }

  /** The live sessions' refs as their files hold them now; those that are packed are left out. */
  liveSessions({ gitDir }: Place): Map<string, string> {
    const directory = join(gitDir, 'refs/dw/active')
    return new Map(
      readNames(directory).flatMap((name): [string, string][] => {
        const oid = readOid(join(directory, name))
        return oid === null ? [] : [[`refs/dw/active/${name}`, oid]]
      }),
    )
  }
}

/** What git would do by itself, and would be told as what a call has sent. */
const HOUSEKEEPING = [
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['receive.autogc', 'false'],
]

/** Nothing runs but what the plan says. */
const SETTINGS = [['dw.backgroundSync', 'false'], ...HOUSEKEEPING]

const AN_HOUR_AGO = 3600

function age(file: string): void {
  const then = Date.now() / 1000 - AN_HOUR_AGO
  try {
    utimesSync(file, then, then)
  } catch {
    // it is gone meanwhile
  }
}

async function cloneAt(
  sandbox: Sandbox,
  { url, client }: Served,
  { path: parent, disk }: { readonly path: string; readonly disk: Disk | null },
  { at, ahead, clock }: { readonly at: number; readonly ahead: number; readonly clock: string },
): Promise<CloneSite> {
  const path = join(parent, 'work')
  const offset = ahead === 0 ? '' : `${ahead < 0 ? '-' : '+'}${Math.abs(ahead)}h`
  const env = { ...client('-', null), DW_TEST_CLOCK: `${offset}@${clock}` }
  await sandbox.git(['clone', '--quiet', '--template=', url, path], { cwd: parent, env })
  const shared = await sandbox.run(LAUNCHER, ['share'], { cwd: path, env })
  if (shared.status !== 0) throw new Error(`git dw share: ${shared.stderr}`)
  const gitDir = join(path, '.git')
  const { id } = JSON.parse(readFileSync(join(gitDir, 'dw/clone.json'), 'utf8'))
  return { name: `clone ${at}`, path, gitDir, disk, id, clock: env.DW_TEST_CLOCK, ahead }
}

function installHooks(sandbox: Sandbox, gitDir: string, recorder: Recorder): void {
  const hits = join(sandbox.root, 'server-hits')
  mkdirSync(hits)
  symlinkSync(recorder.log, join(gitDir, 'proof-log'))
  symlinkSync(hits, join(gitDir, 'proof-calls'))
  mkdirSync(join(gitDir, 'hooks'), { recursive: true })
  for (const name of ['reference-transaction', 'pre-receive']) {
    copyFileSync(join(STAND_INS, name), join(gitDir, 'hooks', name))
  }
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.endsWith('.lock'))
  } catch {
    return []
  }
}

function readOid(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^[0-9a-f]{40}$/.test(text) ? text : null
  } catch {
    return null
  }
}
