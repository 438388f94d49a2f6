import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Git } from '../../src/git/exec.ts'
import { findRepository, type Repository } from '../../src/git/repository.ts'
import { GitStore, type StoreRuntime } from '../../src/store/git-store.ts'
import type { RefName } from '../../src/store/ref-names.ts'
import { Sandbox } from '../harness/sandbox.ts'
import type { Subject } from './contract.ts'
import { refOf, sampleLock } from './record-samples.ts'
import { WitnessedStore } from './witness.ts'

/** The directory of the newer git that DW_TEST_GIT names, where there is one. */
export const NEWER_GIT = process.env['DW_TEST_GIT'] ? dirname(process.env['DW_TEST_GIT']) : undefined

/** The surroundings of a store that is left alone. */
const RUNTIME: StoreRuntime = {
  elapsed: () => performance.now(),
  fileClock: Date.now,
  sleep: async (milliseconds) => sleep(milliseconds),
  random: Math.random,
  nonce: randomUUID,
  signal: new AbortController().signal,
}

/** A place in a sandbox from which a repository is used. */
export class Place {
  readonly sandbox: Sandbox
  readonly cwd: string
  readonly repository: Repository
  readonly #git: Git

  private constructor(sandbox: Sandbox, cwd: string, git: Git, repository: Repository) {
    this.sandbox = sandbox
    this.cwd = cwd
    this.#git = git
    this.repository = repository
  }

  static async at(sandbox: Sandbox, cwd = sandbox.repo): Promise<Place> {
    // syncing to disk takes most of the time and shows in no test
    const git = new Git(sandbox.env({ env: { GIT_TEST_FSYNC: '0' } }), cwd)
    return new Place(sandbox, cwd, git, await findRepository(git, cwd))
  }

  /** A store as a process of its own would have it. */
  store(runtime: Partial<StoreRuntime> = {}): GitStore {
    return new GitStore(this.#git, this.repository, { ...RUNTIME, ...runtime })
  }

  async git(...args: readonly string[]): Promise<string> {
    return this.sandbox.git(args, { cwd: this.cwd })
  }

  /** Puts bytes under a ref with git alone. */
  async put(ref: RefName, bytes: Buffer): Promise<string> {
    const written = await this.#git.output(['hash-object', '-w', '--stdin'], { input: bytes })
    const oid = written.toString('utf8').trim()
    await this.git('update-ref', ref, oid)
    return oid
  }

  /** A file in the directory that all worktrees share. */
  file(path: string): string {
    return join(this.repository.commonDir, path)
  }

  /** This place under the contract; `witnessed` where isomorphic-git can read it. */
  subject(witnessed: boolean): Subject {
    const open = () =>
      witnessed ? new WitnessedStore(this.store(), this.repository.commonDir) : this.store()
    return {
      store: open(),
      rival: open(),
      put: async (ref, bytes) => {
        await this.put(ref, bytes)
      },
      close: async () => this.sandbox.dispose(),
    }
  }
}

export async function normalRepository(): Promise<Place> {
  return Place.at(await Sandbox.create())
}

export async function bareRepository(): Promise<Place> {
  const sandbox = await Sandbox.create()
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
  return Place.at(sandbox, bare)
}

export async function sha256Repository(): Promise<Place> {
  return Place.at(await Sandbox.create({ init: ['--object-format=sha256'] }))
}

export async function linkedWorktree(): Promise<Place> {
  const sandbox = await Sandbox.create()
  const worktree = join(sandbox.root, 'linked')
  await sandbox.git(['worktree', 'add', '--quiet', '--no-track', '-b', 'other', worktree])
  return Place.at(sandbox, worktree)
}

export async function submodule(): Promise<Place> {
  const sandbox = await Sandbox.create()
  const source = join(sandbox.root, 'source')
  await sandbox.git(['clone', '--quiet', sandbox.repo, source])
  const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', source, 'part']
  await sandbox.git(add)
  return Place.at(sandbox, join(sandbox.repo, 'part'))
}

/** The keys of the locks in a {@link packedRepository}. */
export const PACKED_KEYS = Array.from({ length: 1000 }, (_, at) => `packed/directory-${at % 10}/file-${at}`)

/** Two thousand packed refs: a thousand tags and a thousand locks. */
export async function packedRepository(): Promise<Place> {
  const place = await normalRepository()
  const head = await place.git('rev-parse', 'HEAD')
  await place.store().commit(PACKED_KEYS.map((key) => ({ ref: refOf(key), from: null, to: sampleLock(key) })))
  const tags = PACKED_KEYS.map((_, at) => `create refs/tags/tag-${at} ${head}\n`)
  await place.sandbox.git(['update-ref', '--stdin'], { input: tags.join('') })
  await place.git('pack-refs', '--all', '--prune')
  return place
}

export async function awkwardlyNamedRepository(): Promise<Place> {
  return Place.at(await Sandbox.create({ name: `it's a "répertoire" – 日本 $(x) %1b` }))
}

/** Needs {@link NEWER_GIT}. */
export async function reftableRepository(): Promise<Place> {
  const newer = NEWER_GIT === undefined ? {} : { gitDirectory: NEWER_GIT }
  return Place.at(await Sandbox.create({ ...newer, init: ['--ref-format=reftable'] }))
}
