import { basename, dirname } from 'node:path'
import { DwError } from '../domain/error.ts'
import { HIDDEN_HOST } from '../domain/holder.ts'
import { nameProblem } from '../domain/name.ts'
import type { SessionId, Timestamp } from '../domain/record.ts'
import { readConfig } from '../git/config.ts'
import { Git } from '../git/exec.ts'
import { findRepository, type Repository } from '../git/repository.ts'
import type { SharedStore } from '../share/shared-store.ts'
import { corrupt } from '../store/damage.ts'
import { type EarlyRead, startEarlyRead } from '../store/early-read.ts'
import { GitStore } from '../store/git-store.ts'
import { CloneState } from '../store/local/clone-state.ts'
import { isMigrating } from '../store/local/migration-journal.ts'
import { META_REF } from '../store/ref-names.ts'
import { STORE_SCHEMA } from '../store/schema.ts'
import type { Entry, Snapshot, Store } from '../store/store.ts'
import { type FirstRead, FoundEarly, type Guess, guess, isConfirmed } from './early-refs.ts'
import { Losses } from './losses.ts'
import type { SharingParts } from './open-sharing.ts'
import { Settings } from './settings.ts'
import { storeRuntime } from './store-runtime.ts'
import type { Surroundings } from './surroundings.ts'

export { corrupt }

/** An opened repository with all that flows work on. */
export interface Workspace {
  readonly around: Surroundings
  readonly git: Git
  readonly repository: Repository
  readonly settings: Settings
  readonly store: Store
  readonly clone: CloneState
  readonly cloneId: string
  readonly losses: Losses
  /** Null while nothing is shared. */
  readonly shared: SharedStore | null
  /** The remote cannot change several refs all or none: its locks are a word of advice (design §7). */
  readonly isAdvisory: boolean
  /** Absent where nothing was read early. */
  readonly foundEarly?: FoundEarly
}

/**
 * Opens the repository of the current directory. What `first` will read is listed meanwhile, where it can be
 * guessed. Throws DW_NOT_A_REPO, and DW_GIT for a git that does not come to its end.
 */
export async function openWorkspace(around: Surroundings, first?: FirstRead): Promise<Workspace> {
  const git = new Git(around.env, around.cwd, around.trace)
  const config = readConfig(git)
  // where git can do neither, what it says of the repository comes first
  config.catch(() => undefined)
  const [ahead, repository] = await Promise.all([
    first === undefined ? null : lookAhead(git, around, first).catch(() => null),
    findRepository(git, around.cwd),
  ])
  const clone = new CloneState(repository.commonDir)
  // what was read early may hold a half of a migration, which is settled before anything else
  const isHalf = isMigrating(repository.commonDir)
  const early = ahead !== null && !isHalf && isConfirmed(ahead.guess, repository) ? ahead : null
  const local = new GitStore(git, repository, storeRuntime(around), early?.read)
  // where nothing can be written, reading goes on: all sessions then count as another clone's
  const cloneId = await clone.cloneId().catch(() => 'unknown')
  const settings = new Settings(await config)
  const parts = {
    around: settings.sharesPaths ? around : { ...around, host: HIDDEN_HOST },
    git,
    repository,
    settings,
  }
  const remote = settings.shares ? settings.remote : undefined
  const shared = remote === undefined ? null : await openShared({ ...parts, local, cloneId }, remote)
  const isAdvisory = shared?.sharing.arbiter.atomic === false
  const losses = new Losses()
  const workspace = {
    ...parts,
    store: shared ?? local,
    shared,
    isAdvisory,
    clone,
    cloneId,
    losses,
    ...(early === null ? {} : { foundEarly: new FoundEarly(early.guess.claimants) }),
  }
  if (isHalf) await settleMigration(workspace)
  return workspace
}

/** No command sees a half of what a killed migration wrote. */
async function settleMigration(workspace: Workspace): Promise<void> {
  const { settleHalf } = await import('./migrate/take-back.ts')
  await settleHalf(workspace)
}

/** Guesses what is read first, and starts to read it. A wrong guess costs the git processes that it started. */
async function lookAhead(git: Git, around: Surroundings, first: FirstRead): Promise<Ahead | null> {
  const guessed = await guess(around)
  const query = guessed === null ? null : await first(guessed)
  return guessed === null || query === null ? null : { guess: guessed, read: startEarlyRead(git, query) }
}

interface Ahead {
  readonly guess: Guess
  readonly read: EarlyRead
}

/** Loads what sharing needs, for those who share alone. */
async function openShared(parts: SharingParts, remote: string): Promise<SharedStore> {
  const { openSharedStore } = await import('./open-sharing.ts')
  return openSharedStore(parts, remote)
}

/** The time now, as records hold it. */
export function timestamp(workspace: Workspace): Timestamp {
  return new Date(workspace.around.now()).toISOString()
}

const ID_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new session id: ten letters or digits, none of which look alike. */
export function newSessionId(around: Surroundings): SessionId {
  const bytes = Buffer.from(around.randomWord().replaceAll('-', ''), 'hex').subarray(0, 10)
  return `SESS-${[...bytes].map((byte) => ID_ALPHABET[byte % 32]).join('')}` as SessionId
}

/** The default project's name: `dw.project`, the last part of the remote's URL, or the directory's name. */
export function defaultProject(workspace: Workspace): string {
  const { settings, repository } = workspace
  if (settings.project !== undefined) return settings.project
  const remote = settings.remote
  const url = remote === undefined ? undefined : settings.remoteUrl(remote)
  const { commonDir } = repository
  const directory = basename(commonDir) === '.git' ? dirname(commonDir) : commonDir
  const candidates = [url === undefined ? '' : lastPart(url), basename(directory)]
  const cleaned = candidates.map((name) => name.replace(/\.git$/, '').replace(/^[-.]+/, ''))
  return cleaned.find((name) => nameProblem(name) === null) ?? 'project'
}

function lastPart(url: string): string {
  return (
    url
      .replace(/[/\\]+$/, '')
      .split(/[/:\\]/)
      .at(-1) ?? ''
  )
}

/**
 * Refuses a store that this program is too old for (design §4), and returns the meta record's entry.
 * Call with every snapshot that holds the meta ref.
 */
export function checkMeta(snapshot: Snapshot, use: 'read' | 'write'): Entry | null {
  const entry = snapshot.get(META_REF)
  if (entry === undefined) return null
  if (!entry.content.ok) {
    // each record says its own version, so looking goes on, and names this one among the damaged
    if (use === 'read') return entry
    throw corrupt(entry)
  }
  const { record } = entry.content
  if (record.kind !== 'meta') throw corrupt(entry)
  const needed = use === 'read' ? record.minReader : Math.max(record.schema, record.minReader)
  if (needed > STORE_SCHEMA) {
    const can = `this one can ${use} schema ${STORE_SCHEMA}`
    throw new DwError('DW_SCHEMA', `the records here were written with schema ${record.schema}; ${can}`, {
      hints: ['install a newer git dw; this one is: git dw --version'],
      details: { schema: record.schema, minReader: record.minReader },
    })
  }
  return entry
}
