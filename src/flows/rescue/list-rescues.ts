import { DwError } from '../../domain/error.ts'
import type { Rescue } from '../../domain/rescue.ts'
import { deleteRef, listRefs, readObjects } from '../../git/refs.ts'
import { parseRescue } from '../../store/local/rescue-manifest.ts'
import type { Workspace } from '../workspace.ts'
import { RESCUES_REF } from './rescue-ref.ts'

/** A rescue as it is kept. */
export interface KeptRescue {
  readonly name: string
  readonly ref: string
  readonly commit: string
  /** Null when its manifest cannot be read: then git alone can bring its content back. */
  readonly rescue: Rescue | null
}

/** All rescues, the newest first. */
export async function listRescues(workspace: Workspace): Promise<KeptRescue[]> {
  const refs = await listRefs(workspace.git, [RESCUES_REF])
  const manifests = await readObjects(
    workspace.git,
    refs.map(({ ref }) => `${ref}:rescue.json`),
  )
  const kept = refs.map(({ ref, oid }, at): KeptRescue => {
    const bytes = manifests[at]?.bytes ?? null
    const rescue = bytes === null ? null : parseRescue(bytes)
    return { name: ref.slice(RESCUES_REF.length + 1), ref, commit: oid, rescue }
  })
  return kept.sort((a, b) => ((a.rescue?.at ?? '') < (b.rescue?.at ?? '') ? 1 : -1))
}

/** The rescue that `name` names, whole or by a start that fits no other. Throws DW_NOT_FOUND, DW_AMBIGUOUS. */
export async function findRescue(workspace: Workspace, name: string): Promise<KeptRescue> {
  const all = await listRescues(workspace)
  const exact = all.filter((kept) => kept.name === name)
  const fitting = exact.length > 0 ? exact : all.filter((kept) => name !== '' && kept.name.startsWith(name))
  const [found] = fitting
  if (found === undefined) {
    throw new DwError('DW_NOT_FOUND', `there is no rescue "${name}"`, {
      hints: ['see what there is: git dw rescue list'],
    })
  }
  if (fitting.length === 1) return found
  const names = fitting.map((kept) => kept.name)
  throw new DwError('DW_AMBIGUOUS', `"${name}" fits ${names.length} rescues: ${names.join(', ')}`, {
    hints: ['give more letters'],
    details: { rescues: names },
  })
}

/** Drops a rescue for good; its commit stays reachable by id until git's next gc. Throws what {@link findRescue} throws, DW_BUSY. */
export async function dropRescue(workspace: Workspace, name: string): Promise<KeptRescue> {
  const kept = await findRescue(workspace, name)
  if (await deleteRef(workspace.git, kept.ref, kept.commit)) return kept
  throw new DwError('DW_BUSY', `the rescue "${kept.name}" could not be dropped`, { hints: ['try again'] })
}
