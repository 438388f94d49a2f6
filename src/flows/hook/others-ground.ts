import type { Holding } from '../../domain/claim.ts'
import { HeldPlaces } from '../../domain/held-places.ts'
import type { LockName } from '../../domain/key.ts'
import type { SessionId } from '../../domain/record.ts'
import type { Trespass } from '../../domain/trespass.ts'
import { listRefs } from '../../git/refs.ts'
import { refFilesUnder } from '../../store/ref-files.ts'
import { LOCKS_REF, lockNameOf, lockRef, type RefName } from '../../store/ref-names.ts'
import type { Entry } from '../../store/store.ts'
import { type Ground, readGround } from '../ground.ts'
import { type Claimants, findClaimants, type Identity, identityRefs, settleIdentity } from '../identity.ts'
import { checkMeta, type Workspace } from '../workspace.ts'

/** All locks of tasks, who I am, and where the locks of paths are; those are read only when they are met. */
export interface OthersGround {
  readonly identity: Identity
  readonly tasks: readonly Holding[]
  readonly places: readonly LockName[]
  readonly claimants: Claimants
}

/** The locks that exist, by name: what it costs to read grows with the tasks alone. */
export async function readOthersGround(workspace: Workspace): Promise<OthersGround & { ground: Ground }> {
  const claimants = await findClaimants(workspace)
  const refs: RefName[] = [...identityRefs(claimants), `${LOCKS_REF}/task`]
  const paths: RefName = `${LOCKS_REF}/path`
  const [names, files, snapshot] = await Promise.all([
    listRefs(workspace.git, [paths]),
    // git does not list a damaged one, which counts as held
    refFilesUnder(workspace.repository.commonDir, [paths]),
    workspace.store.read({ refs }),
  ])
  checkMeta(snapshot, 'read')
  const ground = await readGround(workspace, snapshot)
  return {
    claimants,
    ground,
    identity: settleIdentity(workspace, claimants, ground.snapshot),
    tasks: ground.holdings,
    places: [...new Set([...names.map(({ ref }) => ref), ...files])].flatMap(
      (ref) => lockNameOf(ref as RefName) ?? [],
    ),
  }
}

/** My session's id, or nobody's. */
export function myId(identity: Identity): SessionId | undefined {
  return identity.who === 'session' ? identity.mine.session.id : undefined
}

/** What `paths` meet of what other live sessions hold, and the records met that cannot be read. */
export async function meetPaths(
  workspace: Workspace,
  around: OthersGround,
  paths: Iterable<string>,
): Promise<{ trespasses: Trespass[]; damaged: Entry[]; ground: Ground | null }> {
  const places = new HeldPlaces(around.places)
  const met = new Map<LockName, string[]>()
  for (const path of paths) {
    for (const place of places.metBy(path)) {
      const known = met.get(place)
      if (known === undefined) met.set(place, [path])
      else known.push(path)
    }
  }
  if (met.size === 0) return { trespasses: [], damaged: [], ground: null }
  const ground = await readGround(
    workspace,
    await workspace.store.read({ refs: [...met.keys()].map(lockRef) }),
  )
  const me = myId(around.identity)
  const others = ground.holdings.filter(
    ({ name, state, record }) => met.has(name) && state === 'live' && record.session !== me,
  )
  const trespasses = others.map(
    (holding): Trespass => ({ holding, paths: [...(met.get(holding.name) ?? [])].sort() }),
  )
  const damaged = ground.damaged.filter(({ ref }) => met.has(lockNameOf(ref) ?? ('' as LockName)))
  return { trespasses, damaged, ground }
}
