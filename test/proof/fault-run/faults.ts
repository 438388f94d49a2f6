import { type ChildProcess, execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './plan.ts'
import { childrenOf, processesIn, workIn } from './processes.ts'
import type { CloneSite, Place, Site } from './site.ts'
import type { CutOff } from './transport.ts'
import type { Troubles } from './troubles.ts'

const STAND_INS = join(import.meta.dirname, 'stand-ins')

/** What a fault does to one call. */
export interface Arranged {
  readonly env: Readonly<Record<string, string>>
  /** What the server is to do, for the mark of the call. */
  readonly mark: string
  readonly cut: CutOff | null
  /** Done to the client once it runs. */
  readonly during: (client: ChildProcess) => Promise<void>
  /** Undoes it. */
  readonly after: () => void
  /** Whether it came to it: a command may be over before. */
  readonly happened: () => boolean
  /** Where something may be left that is in the way of other commands, too. */
  readonly leaves: readonly Place[]
}

/** What arranging needs: where calls of git and of servers are noted, and what others do while one stands still. */
export interface Stage {
  readonly site: Site
  readonly troubles: Troubles
  /** The directory of the call. */
  readonly directory: string
  /** The directory that the remote's hooks make when they kill the call's server. */
  readonly hit: string
  readonly git: string
  readonly path: string
  /** The call's; null for one that starts a session. */
  readonly session: string | null
  readonly meanwhile: () => Promise<void>
}

const NOTHING: Arranged = {
  env: {},
  mark: '',
  cut: null,
  during: async () => undefined,
  after: () => undefined,
  happened: () => false,
  leaves: [],
}

/** Prepares a fault of a call that `clone` is about to make. */
export function arrange(fault: Fault | null, clone: CloneSite, stage: Stage): Arranged {
  if (fault === null) return NOTHING
  const { site, directory } = stage
  const done = () => existsSync(join(directory, 'done'))
  switch (fault.kind) {
    case 'client killed': {
      const during = async (client: ChildProcess) => killed(client, fault.after, fault.alone)
      return { ...NOTHING, during, leaves: [clone, site.remote] }
    }
    case 'killed at git': {
      const env = gitStandIn(stage, fault.nth, fault.what, fault)
      return { ...NOTHING, env, happened: done, leaves: [clone, site.remote] }
    }
    case 'held at git': {
      const what = fault.when === 'before' ? 'git stands still' : 'git stands still after'
      const env = gitStandIn(stage, fault.nth, what, fault)
      return { ...NOTHING, env, during: async (client) => standsStill(client, stage), happened: done }
    }
    case 'killed in a commit':
      return killedInCommit(fault.where === 'clone' ? clone : site.remote, fault.at, clone, stage)
    case 'stopped at git': {
      const env = gitStandIn(stage, fault.nth, 'client stops')
      return { ...NOTHING, env, during: async (client) => stopsAtGit(client, stage), happened: done }
    }
    case 'stopped': {
      const during = async (client: ChildProcess) => stopsAfter(client, fault.after, stage)
      return { ...NOTHING, during, happened: () => existsSync(join(directory, 'stopped')) }
    }
    case 'server killed': {
      const what = fault.when === 'committing' ? `committing-0.00${fault.after}` : fault.when
      return { ...NOTHING, mark: what, happened: () => existsSync(stage.hit), leaves: [site.remote] }
    }
    case 'connection cut': {
      const { how, bytes, nth } = fault
      return { ...NOTHING, cut: { how, bytes, nth, directory }, happened: done }
    }
    case 'no connection':
      return { ...NOTHING, cut: { how: 'refused', bytes: 0, nth: 'all', directory }, happened: done }
    case 'disk full':
      return fullDisk(fault.where === 'clone' ? clone : site.remote, fault.pages, stage)
    case 'stale lock':
      return staleLock(fault.where === 'clone' ? clone : site.remote, fault, stage)
    case 'packing': {
      const { gitDir } = fault.where === 'clone' ? clone : site.remote
      const during = async () => {
        await site.sandbox.run('git', ['pack-refs', '--all'], { cwd: gitDir })
      }
      return { ...NOTHING, during, happened: () => true }
    }
  }
}

function gitStandIn(
  { directory, git, path }: Stage,
  nth: number,
  what: string,
  { of = '', after = 0 }: { readonly of?: string; readonly after?: number } = {},
) {
  return {
    PATH: `${STAND_INS}:${path}`,
    DW_PROOF_CALL: directory,
    DW_PROOF_GIT: git,
    DW_PROOF_NTH: String(nth),
    DW_PROOF_OF: of,
    DW_PROOF_WHAT: what,
    DW_PROOF_AFTER: (after / 1000).toFixed(3),
  }
}

async function killed(client: ChildProcess, after: number, alone: boolean): Promise<void> {
  await sleep(after)
  const { pid } = client
  if (pid === undefined || !runs(client)) return
  const all = alone ? [pid] : [pid, ...childrenOf(pid)]
  for (const each of all) signal(each, 'SIGKILL')
}

async function stopsAtGit(client: ChildProcess, stage: Stage): Promise<void> {
  if (!(await waits(client, join(stage.directory, 'stopped')))) return
  await stage.meanwhile()
  client.kill('SIGCONT')
}

async function standsStill(client: ChildProcess, { directory, meanwhile }: Stage): Promise<void> {
  if (!(await waits(client, join(directory, 'stands-still')))) return
  await meanwhile()
  writeFileSync(join(directory, 'goes-on'), '')
}

/** Waits until the stand-in for git makes `file`; false where the client ended without that. */
async function waits(client: ChildProcess, file: string): Promise<boolean> {
  while (runs(client) && !existsSync(file)) await sleep(10)
  return existsSync(file)
}

function runs({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function stopsAfter(client: ChildProcess, after: number, stage: Stage): Promise<void> {
  await sleep(after)
  const { pid } = client
  if (pid === undefined || !runs(client)) return
  signal(pid, 'SIGSTOP')
  writeFileSync(join(stage.directory, 'stopped'), '')
  await stage.meanwhile()
  client.kill('SIGCONT')
}

/**
 * Git writes the refs of a transaction one after the other, and before each it adds to that ref's log, where there is
 * one: in one that is a pipe which nobody reads it waits for ever. Then all are killed.
 */
function killedInCommit(
  { gitDir, path = gitDir }: Place & { readonly path?: string },
  kind: 'active' | 'log',
  clone: CloneSite,
  { session, site }: Stage,
): Arranged {
  if (session === null) throw new Error('a session that starts has no record to be killed before')
  const name = `${kind}/${session.toLowerCase()}`
  const log = join(gitDir, 'logs/refs/dw', name)
  const lock = join(gitDir, 'refs/dw', `${name}.lock`)
  mkdirSync(dirname(log), { recursive: true })
  execFileSync('mkfifo', [log])
  let isKilled = false
  return {
    ...NOTHING,
    during: async (client) => {
      while (runs(client) && !(existsSync(lock) && (await isIdle(path)))) await sleep(10)
      if (!runs(client)) return
      isKilled = true
      const all = [...processesIn(clone.path), ...processesIn(site.remote.gitDir)].map(({ pid }) => pid)
      for (const each of all) signal(each, 'SIGKILL')
    },
    after: () => rmSync(log),
    happened: () => isKilled,
    leaves: [clone, site.remote],
  }
}

/** After so many milliseconds without a processor a process waits for something, and not for its turn. */
const IDLE = 200

/** Whether all that stands in `directory` has slept for a while. */
async function isIdle(directory: string): Promise<boolean> {
  const before = workIn(directory)
  await sleep(IDLE)
  return before !== null && before === workIn(directory)
}

function fullDisk({ disk, name }: Place, pages: number, { troubles }: Stage): Arranged {
  let over: () => void = () => undefined
  let isFull = false
  return {
    ...NOTHING,
    during: async () => {
      // where nobody may mount a disk there is none to fill
      if (disk === null) return
      over = troubles.begin('full disk', name)
      isFull = disk.fill(pages)
    },
    after: () => {
      disk?.makeRoom()
      over()
    },
    happened: () => isFull,
  }
}

/** A lock file that is old, or that was left a moment ago by somebody who is dead. */
function staleLock(
  { gitDir, name }: Place,
  { key, old }: { readonly key: string; readonly old: boolean },
  { troubles, site }: Stage,
): Arranged {
  const file = join(gitDir, `refs/dw/locks/path/${key}.lock`)
  const then = Date.now() / 1000 - (old ? 120 : 1)
  let inode: number | null
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '', { flag: 'wx' })
    utimesSync(file, then, then)
    inode = inodeOf(file)
  } catch {
    // somebody holds it, or a ref stands in the way
    return NOTHING
  }
  const over = troubles.begin('lock file', name)
  return {
    ...NOTHING,
    after: () => {
      // one that is old is removed by the program, here; the remote has nobody who does
      if (inodeOf(file) === inode && (!old || name === site.remote.name)) rmSync(file)
      over()
    },
    happened: () => true,
  }
}

function inodeOf(file: string): number | null {
  try {
    return lstatSync(file).ino
  } catch {
    return null
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended already
  }
}
