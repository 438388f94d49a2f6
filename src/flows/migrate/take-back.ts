import { DwError } from '../../domain/error.ts'
import type { BlobId } from '../../domain/record.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { listRefs, type RefUpdate } from '../../git/refs.ts'
import { GitStore } from '../../store/git-store.ts'
import { MigrationFiles, type MigrationNote } from '../../store/local/migration-files.ts'
import { dropStamp } from '../../store/local/stamp.ts'
import { dropEmptyRefFiles } from '../../store/ref-files.ts'
import { META_REF } from '../../store/ref-names.ts'
import { storeRuntime } from '../store-runtime.ts'
import type { Workspace } from '../workspace.ts'
import { whenAlone } from './alone.ts'
import { dropGuard } from './guard.ts'

/** Refs that one transaction writes or deletes: more would take git longer than our calls may. */
export const TOGETHER = 1000

/** How often it is looked again what is left, while others move some of it. */
const TRIES = 5

/**
 * Takes back what the journal knows of: every ref that is still as it was made, and every stamp. What
 * somebody has changed meanwhile has a life of its own, and stays. Then the journal goes. Throws DW_BUSY.
 */
export async function takeBack(workspace: Workspace, note: MigrationNote): Promise<void> {
  const local = localStore(workspace)
  await dropGuard(workspace, local)
  await dropEmptyRefFiles(
    workspace.repository.commonDir,
    note.refs.map(([ref]) => ref),
  )
  for (let tries = 1; ; tries += 1) {
    const left = await unchanged(workspace, note)
    if (left.length === 0 || tries > TRIES) break
    // what depends on others goes before them
    const steps = [...left].reverse()
    for (let at = 0; at < steps.length; at += TOGETHER) await local.move(steps.slice(at, at + TOGETHER))
  }
  for (const { gitDir, stamp } of note.stamps) await dropStamp(gitDir, stamp)
  await new MigrationFiles(workspace.repository.commonDir).dropJournal()
}

/** The store of this clone alone, also where records are shared. */
export function localStore({ git, repository, around }: Workspace): GitStore {
  return new GitStore(git, repository, storeRuntime(around))
}

/** Deletions of what is still as it was made. The meta record stays where others have records by now. */
async function unchanged(workspace: Workspace, note: MigrationNote): Promise<RefUpdate[]> {
  const made = new Map<string, BlobId>(note.refs)
  const found = await listRefs(workspace.git, ['refs/dw'])
  const mine = found.filter(({ ref, oid }) => made.get(ref) === oid)
  const isAlone = mine.length === found.length
  return mine
    .filter(({ ref }) => isAlone || ref !== META_REF)
    .map(({ ref, oid }) => ({ ref, from: oid, to: null }))
}

/**
 * Settles a migration that was cut short, before any command looks at what it left: all of it is taken back.
 * One whose process is still at work is left alone; where it cannot be settled now, that is said.
 */
export async function settleHalf(workspace: Workspace): Promise<void> {
  const { around, repository } = workspace
  const files = new MigrationFiles(repository.commonDir)
  try {
    await whenAlone(workspace, async () => {
      const note = await files.readJournal()
      if (note === undefined) {
        around.say(`warning: the journal of a migration at "${files.journal}" cannot be read`)
        return
      }
      await takeBack(workspace, note)
      const again = `git dw migrate ${shellWord(note.state)}`
      around.say(`a migration from "${note.state}" was cut short, and taken back; give it again: ${again}`)
    })
  } catch (error) {
    if (!(error instanceof DwError)) throw error
    around.say(`warning: a migration was cut short, and cannot be taken back now: ${error.message}`)
  }
}
