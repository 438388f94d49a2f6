import { DwError } from '../domain/error.ts'
import type { Git } from '../git/exec.ts'
import { pushUrlOf, type RemoteAddress } from '../git/remote.ts'
import type { Repository } from '../git/repository.ts'
import { Arbiter } from '../share/arbiter.ts'
import { CloneSide } from '../share/clone-side.ts'
import { SharingState } from '../share/exchange.ts'
import { SharedStore } from '../share/shared-store.ts'
import { Sharing } from '../share/sharing.ts'
import type { GitStore } from '../store/git-store.ts'
import type { Settings } from './settings.ts'
import { storeRuntime } from './store-runtime.ts'
import type { Surroundings } from './surroundings.ts'

/** What sharing is opened with. */
export interface SharingParts {
  readonly around: Surroundings
  readonly git: Git
  readonly repository: Repository
  readonly settings: Settings
  readonly local: GitStore
  readonly cloneId: string
}

/** Opens what shares this repository's records through `remote`. Nothing is asked of the remote yet. */
export async function openSharing(parts: SharingParts, remote: string): Promise<Sharing> {
  const { around, git, repository, settings, local, cloneId } = parts
  const state = new SharingState(repository.commonDir)
  const arbiter = new Arbiter(git, {
    name: remote,
    // all that needs no remote goes on
    address: await addressOf(parts, remote).catch((error: unknown) => {
      if (error instanceof DwError) return error
      throw error
    }),
    atomic: (await state.abilities(remote))?.atomic ?? true,
    commonDir: repository.commonDir,
    nonce: around.randomWord,
    say: around.say,
  })
  return new Sharing({
    arbiter,
    state,
    cloneId,
    side: new CloneSide(git, local, arbiter.refs),
    sharesPaths: settings.sharesPaths,
    fresh: settings.prePushFresh * 1000,
    runtime: {
      ...storeRuntime(around),
      host: around.host,
      self: around.self,
      isRunning: around.isRunning,
      now: around.now,
      say: around.say,
    },
  })
}

/** The records of a repository that is shared through `remote`. */
export async function openSharedStore(parts: SharingParts, remote: string): Promise<SharedStore> {
  return new SharedStore(parts.local, await openSharing(parts, remote))
}

/** Where `remote` takes pushes, and is read, too (design §7); null where git has no such remote. */
export async function addressOf(
  parts: Pick<SharingParts, 'around' | 'git' | 'settings'>,
  remote: string,
): Promise<RemoteAddress | null> {
  const { around, git, settings } = parts
  const configured = settings.pushUrl(remote)
  const url = configured === null ? await pushUrlOf(git, remote) : configured
  if (url === undefined || url === null) return null
  // only a person at a terminal can be asked for a password
  const asks = (await around.terminal()) !== null
  return { url, timeout: settings.remoteTimeout * 1000, asks, signal: around.signal }
}
