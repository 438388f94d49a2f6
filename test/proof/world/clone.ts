import type { SessionId } from '../../../src/domain/record.ts'
import { startSession as sessionRecord } from '../../../src/domain/session.ts'
import { claimKeys } from '../../../src/flows/claim.ts'
import { endSession } from '../../../src/flows/end-session.ts'
import { heartbeat } from '../../../src/flows/heartbeat.ts'
import { findClaimants, identityRefs, requireSession, settleIdentity } from '../../../src/flows/identity.ts'
import { Losses } from '../../../src/flows/losses.ts'
import { checkLoad } from '../../../src/flows/push-check.ts'
import { releaseKeys } from '../../../src/flows/release.ts'
import { Settings } from '../../../src/flows/settings.ts'
import { startSession } from '../../../src/flows/start-session.ts'
import { storeRuntime } from '../../../src/flows/store-runtime.ts'
import type { Surroundings } from '../../../src/flows/surroundings.ts'
import { shareAgain } from '../../../src/flows/sync.ts'
import type { Workspace } from '../../../src/flows/workspace.ts'
import { Config } from '../../../src/git/config.ts'
import type { Git } from '../../../src/git/exec.ts'
import { Arbiter } from '../../../src/share/arbiter.ts'
import { CloneSide } from '../../../src/share/clone-side.ts'
import { SharingState } from '../../../src/share/exchange.ts'
import { fencedPush } from '../../../src/share/fenced-push.ts'
import { remoteRefs } from '../../../src/share/remote-refs.ts'
import { SharedStore } from '../../../src/share/shared-store.ts'
import { Sharing } from '../../../src/share/sharing.ts'
import { encode } from '../../../src/store/codec.ts'
import { GitStore } from '../../../src/store/git-store.ts'
import { CloneState } from '../../../src/store/local/clone-state.ts'
import { activeRef } from '../../../src/store/ref-names.ts'
import { blobId } from './git-blobs.ts'
import type { Machine } from './machine.ts'
import type { MemoryRepository } from './memory-repository.ts'
import { putObject } from './objects.ts'
import type { Command } from './plan.ts'

const REMOTE = 'origin'
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const SIGNAL = new AbortController().signal

export interface CloneParts {
  readonly id: string
  /** How far its clock is ahead, in milliseconds. */
  readonly ahead: number
  readonly repository: MemoryRepository
  /** The true time, in milliseconds. */
  readonly now: () => number
  /** A word that nobody else gets. */
  readonly word: () => string
  readonly isRunning: (pid: number) => boolean
  readonly sleep: (machine: Machine, milliseconds: number) => Promise<void>
}

/** A clone of the simulation. Each command opens it anew, as a process does. */
export class Clone {
  readonly id: string
  readonly ahead: number
  readonly repository: MemoryRepository
  readonly base = remoteRefs(REMOTE).base
  readonly #parts: CloneParts

  constructor(parts: CloneParts) {
    this.id = parts.id
    this.ahead = parts.ahead
    this.repository = parts.repository
    this.#parts = parts
  }

  /** A session that was started here before, and of which nobody else has heard. */
  introduce(): SessionId {
    const digits = this.#parts.word().slice(0, 20)
    const letters = (digits.match(/../g) ?? []).map((digit) => ALPHABET[Number.parseInt(digit, 16) % 32])
    const id = `SESS-${letters.join('')}` as SessionId
    const at = new Date(this.#parts.now() + this.ahead).toISOString()
    const owner = { user: 'ann', host: 'here', clone: this.id }
    const record = sessionRecord({ id, owner, at, ttl: 86_400, project: 'app' })
    const bytes = encode(record, { rev: 1, nonce: this.#parts.word() })
    const to = blobId('sha1', bytes)
    putObject(to, bytes)
    this.repository.transact([{ ref: activeRef(id), from: null, to }])
    return id
  }

  async start(machine: Machine): Promise<SessionId> {
    const { session } = await startSession(this.#open(machine), { project: 'app', rebind: false })
    return session.id
  }

  /** Exchanges everything with the arbiter; `again` puts back what was lost there. */
  async sync(machine: Machine, again: boolean): Promise<void> {
    const workspace = this.#open(machine)
    if (again) await shareAgain(workspace)
    else await sharedOf(workspace).sync()
  }

  /** Runs one command. Throws what it ends with. */
  async run(
    machine: Machine,
    operation: Command,
    given: { readonly session: SessionId | null; readonly claim: string; readonly branch: string },
  ): Promise<void> {
    if (operation.kind === 'sync') return this.sync(machine, false)
    const workspace = this.#open(machine)
    const session = given.session ?? ''
    switch (operation.kind) {
      case 'claim':
      case 'steal': {
        const { ttl } = operation
        const why = operation.kind === 'steal' ? { why: 'needed' } : {}
        await claimKeys(workspace, {
          keys: operation.keys.map(pathKey),
          session,
          steal: operation.kind === 'steal',
          terms: { claim: given.claim, ttl, ...why },
          canStamp: false,
          stealing: '',
        })
        return
      }
      case 'release': {
        const { problem } = await releaseKeys(workspace, { keys: operation.keys.map(pathKey), session })
        if (problem !== undefined) throw problem
        return
      }
      case 'end':
        await endSession(workspace, { session, force: false })
        return
      case 'beat':
        await heartbeat(workspace, await mine(workspace, session), { force: true })
        return
      case 'push':
        await this.#push(workspace, session, operation.keys[0] ?? '', given.branch)
    }
  }

  /** A fenced push of a new branch whose commits touch `path`. */
  async #push(workspace: Workspace, session: string, path: string, branch: string): Promise<void> {
    const { sharing } = sharedOf(workspace)
    const { session: me } = await mine(workspace, session)
    const tip = branch.replace(/\D/g, '').padStart(40, 'c')
    putObject(tip, Buffer.from(branch))
    const load = { paths: [path], branches: [branch.slice('refs/heads/'.length)] }
    await sharing.alone(
      () =>
        fencedPush(sharing, {
          session: me.id,
          branches: [{ ref: branch, to: tip }],
          more: [],
          check: (agreed, local) => checkLoad(workspace, load, agreed, local),
        }),
      { waits: true },
    )
  }

  #open(machine: Machine): Workspace {
    const { id, ahead, now, word, isRunning, sleep } = this.#parts
    const git = machine as unknown as Git
    const commonDir = `/${id}`
    const around = {
      env: {},
      cwd: commonDir,
      home: '',
      user: 'ann',
      host: 'here',
      now: () => now() + ahead,
      fileClock: now,
      elapsed: now,
      sleep: (milliseconds: number) => sleep(machine, milliseconds),
      random: () => 0.5,
      randomWord: word,
      terminal: async () => null,
      isRunning: async ({ pid }: { readonly pid: number }) => isRunning(pid),
      self: { pid: machine.pid, start: 'once' },
      signal: SIGNAL,
      progress: null,
      say: () => undefined,
    } as unknown as Surroundings
    const repository = {
      gitDir: commonDir,
      commonDir,
      toplevel: null,
      bare: true,
      objectFormat: 'sha1' as const,
    }
    const local = new GitStore(git, repository, storeRuntime(around))
    const settings = new Settings(new Config(new Map()))
    const arbiter = new Arbiter(git, {
      name: REMOTE,
      address: { url: 'memory', timeout: 0, asks: false, signal: SIGNAL },
      atomic: true,
      commonDir,
      nonce: around.randomWord,
      say: around.say,
    })
    const sharing = new Sharing({
      arbiter,
      state: new SharingState(commonDir),
      cloneId: id,
      side: new CloneSide(git, local, arbiter.refs),
      sharesPaths: true,
      fresh: 0,
      runtime: {
        ...storeRuntime(around),
        host: around.host,
        self: around.self,
        isRunning: around.isRunning,
        now: around.now,
        say: around.say,
      },
    })
    const shared = new SharedStore(local, sharing)
    return {
      around,
      git,
      repository,
      settings,
      store: shared,
      shared,
      isAdvisory: false,
      clone: new CloneState(commonDir),
      cloneId: id,
      losses: new Losses(),
    }
  }
}

function sharedOf({ shared }: Workspace): SharedStore {
  if (shared === null) throw new Error('a workspace that shares nothing')
  return shared
}

async function mine(workspace: Workspace, session: string) {
  const claimants = await findClaimants(workspace, session)
  const snapshot = await workspace.store.read({ refs: identityRefs(claimants) })
  return requireSession(settleIdentity(workspace, claimants, snapshot))
}

function pathKey(path: string) {
  return { kind: 'path' as const, path }
}
