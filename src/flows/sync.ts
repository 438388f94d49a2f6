import { DwError } from '../domain/error.ts'
import type { SharedStore } from '../share/shared-store.ts'
import { type SyncProgress, type SyncReport, syncRecords } from '../share/sync.ts'
import { META_REF } from '../store/ref-names.ts'
import { grouped } from './progress.ts'
import { checkMeta, type Workspace } from './workspace.ts'

/** Exchanges all records with the arbiter. Throws DW_REMOTE when nothing is shared, DW_OFFLINE, DW_REMOTE_RESET. */
export async function sync(workspace: Workspace, options: { readonly waits: boolean }): Promise<SyncReport> {
  const { sharing } = requireSharing(workspace)
  return watched(workspace, (watch) => sharing.alone(() => syncRecords(sharing, watch), options))
}

/** Shows the person watching how far a sync has come; the remote may take long. */
async function watched<T>(
  { around }: Workspace,
  step: (watch: { readonly progress?: SyncProgress }) => Promise<T>,
): Promise<T> {
  const show = around.progress
  if (show === null) return step({})
  const progress: SyncProgress = (at, done, total) => {
    if (at === 'asking') show('asking the remote')
    else if (at === 'comparing') show(`comparing ${grouped(total)} records`)
    else show(`sending ${grouped(done)} of ${grouped(total)}`)
  }
  try {
    return await step({ progress })
  } finally {
    show(null)
  }
}

/**
 * Puts back what this clone knows, after the arbiter's records were lost or replaced: as if the two had
 * never met. Where they are gone, they get a new id, so that every other clone is told and puts its own
 * back, too. Does a plain sync where nothing was lost; `again` says which it was.
 */
export async function shareAgain(
  workspace: Workspace,
): Promise<{ readonly again: boolean; readonly report: SyncReport }> {
  const { sharing } = requireSharing(workspace)
  const again = async (watch: { readonly progress?: SyncProgress }) => {
    try {
      return { again: false, report: await syncRecords(sharing, watch) }
    } catch (error) {
      if (!(error instanceof DwError) || error.code !== 'DW_REMOTE_RESET') throw error
    }
    const renews = await renewMeta(workspace, await theirMetaId(workspace))
    return { again: true, report: await syncRecords(sharing, { ...watch, putBack: true, renews }) }
  }
  return watched(workspace, (watch) => sharing.alone(() => again(watch), { waits: true }))
}

async function theirMetaId(workspace: Workspace): Promise<string | null> {
  const { sharing } = requireSharing(workspace)
  const oid = (await sharing.side.seen()).get(META_REF)
  if (oid === undefined) return null
  const record = (await sharing.side.records([{ ref: META_REF, oid }])).get(oid)
  return record?.kind === 'meta' ? record.id : null
}

/** Gives this clone's records a new id, unless the arbiter has another one already. Whether it did. */
async function renewMeta(workspace: Workspace, theirs: string | null): Promise<boolean> {
  const { store, around } = workspace
  const entry = checkMeta(await store.read({ refs: [META_REF] }), 'write')
  const meta = entry?.content.ok && entry.content.record.kind === 'meta' ? entry.content.record : null
  if (entry === null || meta === null || (theirs !== null && theirs !== meta.id)) return false
  const to = { ...meta, id: around.randomWord() }
  return (
    (await store.commit([{ ref: META_REF, from: entry, to }], { decided: 'here' })).outcome === 'committed'
  )
}

/** Throws DW_REMOTE where nothing is shared. */
export function requireSharing(workspace: Workspace): SharedStore {
  if (workspace.shared !== null) return workspace.shared
  throw new DwError('DW_REMOTE', 'the locks of this clone are not shared', {
    hints: ['share them through a remote: git dw share'],
  })
}
