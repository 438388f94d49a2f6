import { DwError } from '../domain/error.ts'
import { toldReason } from '../git/told-reason.ts'
import { adoptBase } from '../share/adopt-base.ts'
import { Arbiter } from '../share/arbiter.ts'
import { SharingState } from '../share/exchange.ts'
import { type Probe, probe } from '../share/probe.ts'
import type { Sharing } from '../share/sharing.ts'
import { type SyncReport, syncRecords } from '../share/sync.ts'
import { GitStore } from '../store/git-store.ts'
import { META_REF } from '../store/ref-names.ts'
import { STORE_SCHEMA } from '../store/schema.ts'
import { addressOf, openSharing } from './open-sharing.ts'
import { storeRuntime } from './store-runtime.ts'
import { checkMeta, type Workspace } from './workspace.ts'

/** What `git dw share` came to. */
export interface ShareAnswer {
  readonly remote: string
  readonly url: string
  readonly probe: Probe
  readonly report: SyncReport
}

/**
 * Makes `name` (by default `dw.remote`, else `origin`, else the only remote) the arbiter: finds out what it
 * can do, syncs, and then turns sharing on in this clone's settings. Throws DW_REMOTE for a remote that
 * cannot be one, DW_REMOTE_RESET, DW_OFFLINE.
 */
export async function share(workspace: Workspace, name?: string): Promise<ShareAnswer> {
  const remote = remoteToShare(workspace, name)
  const { around, git, repository, settings } = workspace
  const address = await addressOf(workspace, remote)
  if (address === null) throw noSuchRemote(remote)
  const local = new GitStore(git, repository, storeRuntime(around))
  const { commonDir } = repository
  const make = ({ atomic }: { readonly atomic: boolean }) =>
    new Arbiter(git, {
      name: remote,
      address,
      atomic,
      commonDir,
      nonce: around.randomWord,
      say: around.say,
    })
  const found = await probe(make, local, around.randomWord())
  refuseUseless(remote, found)
  const parts = { around, git, repository, settings, local, cloneId: workspace.cloneId }
  const before = await openSharing(parts, remote)
  await before.state.setAbilities({ remote, url: address.url, atomic: found.atomic })
  const sharing = await openSharing(parts, remote)
  const report = await sharing.alone(() => firstSync(workspace, sharing, local), { waits: true })
  await git.output(['config', 'dw.remote', remote])
  await git.output(['config', 'dw.share', 'true'])
  return { remote, url: address.url, probe: found, report }
}

async function firstSync(workspace: Workspace, sharing: Sharing, local: GitStore): Promise<SyncReport> {
  const theirs = (await sharing.arbiter.list()).get(META_REF)
  if (theirs !== undefined) {
    await sharing.arbiter.fetch()
    await adoptBase(workspace.git, sharing, theirs)
  } else {
    await ensureMeta(workspace, local)
  }
  return syncRecords(sharing)
}

/** The records' own id, made where there is none yet. */
async function ensureMeta(workspace: Workspace, local: GitStore): Promise<void> {
  const snapshot = await local.read({ refs: [META_REF] })
  if (checkMeta(snapshot, 'write') !== null) return
  const id = workspace.around.randomWord()
  const to = { kind: 'meta' as const, schema: STORE_SCHEMA, minReader: 1, id }
  await local.commit([{ ref: META_REF, from: null, to }])
}

function remoteToShare(workspace: Workspace, name: string | undefined): string {
  const remote = name ?? workspace.settings.remote
  if (remote !== undefined) return remote
  throw new DwError('DW_REMOTE', 'there is no remote to share through', {
    hints: ['add one: git remote add origin <url>', 'or name one of several: git dw share <remote>'],
  })
}

function noSuchRemote(remote: string): DwError {
  return new DwError('DW_REMOTE', `there is no remote "${remote}" here`, {
    hints: ['see which there are: git remote -v', 'then: git dw share <remote>'],
    details: { remote },
  })
}

/** What a remote must do, or locks on it would be none. */
function refuseUseless(remote: string, found: Probe): void {
  const problem = !found.takes
    ? 'takes no records: it refuses refs/dw/*'
    : !found.shows
      ? 'takes records but hides them'
      : !found.refusesStale || !found.replaces
        ? 'does not replace records as git would'
        : !found.deletes
          ? 'refuses to delete records: no lock could be released there'
          : null
  if (problem === null) return
  const why = toldReason(found.said)
  throw new DwError('DW_REMOTE', `the remote "${remote}" ${problem}${why === null ? '' : `: ${why}`}`, {
    hints: ['ask whoever runs it to allow refs/dw/*', 'or share through another: git dw share <remote>'],
    details: { remote, stderr: found.said },
  })
}

/** Stops sharing: from now on this clone decides for itself. Whether it was shared before. */
export async function stopSharing(workspace: Workspace): Promise<boolean> {
  const was = workspace.settings.shares
  if (was) await workspace.git.output(['config', 'dw.share', 'false'])
  await new SharingState(workspace.repository.commonDir).dropExchange()
  return was
}
