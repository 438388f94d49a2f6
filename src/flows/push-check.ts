import { type Holding, mineAndGood } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { isAbove, type Key, type LockName, lockName, onOneLine, parseKey } from '../domain/key.ts'
import type { Revocation, Session } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { readRecordObjects } from '../git/refs.ts'
import { decode } from '../store/codec.ts'
import { LOCKS_REF, lockRef } from '../store/ref-names.ts'
import { type Ground, readGround } from './ground.ts'
import { showKey } from './path-key.ts'
import { locked, lost } from './refusal.ts'
import { corrupt, type Workspace } from './workspace.ts'

/** What a push would land: the paths that its commits touch, and the names of its branches. */
export interface Load {
  readonly paths: readonly string[]
  readonly branches: readonly string[]
}

/**
 * Judges a push by all that is known (design §7, git dw push 3). Throws DW_LOST when a path or the task's
 * branch was taken from the session and is not held again, DW_LOCKED when another holds it, DW_OFFLINE when
 * it is held provisionally, DW_CORRUPT_STATE when a lock on its line cannot be read.
 */
export async function checkLoad(
  workspace: Workspace,
  load: Load,
  agreed: Session,
  local: Session,
): Promise<void> {
  const ground = await readGround(workspace, await workspace.store.read({ refs: [LOCKS_REF] }))
  const names = load.paths.map(nameOf)
  const isConcerned = concerns(names, load.branches)
  const damaged = ground.damaged.find(({ ref }) => names.some((name) => onLine(ref, name)))
  if (damaged !== undefined) throw corrupt(damaged)
  const mine = ground.holdings.filter((holding) => mineAndGood(holding, local.id))
  const show = (key: Key) => showKey(workspace, key)
  const revoked = new Map([...agreed.revoked, ...local.revoked].map((each) => [each.lock, each]))
  const gone: Revocation[] = []
  for (const each of revoked.values()) {
    const key = parseKey(each.key)
    const branch = key.kind === 'task' ? await branchOf(workspace, each, local) : undefined
    if (isConcerned(key, branch) && !isHeld(mine, lockName(key), names)) gone.push(each)
  }
  if (gone.length > 0) throw lost(gone, workspace.around.now(), show)
  refuseOthers(workspace, ground, local, isConcerned)
  const open = mine.find(({ record, key }) => record.provisional === true && isConcerned(key, record.branch))
  if (open !== undefined) throw provisional(show(open.key))
}

function refuseOthers(
  workspace: Workspace,
  ground: Ground,
  local: Session,
  isConcerned: (key: Key, branch: string | undefined) => boolean,
): void {
  const others = ground.holdings.filter(
    ({ record, state, key }) =>
      record.session !== local.id && state === 'live' && isConcerned(key, record.branch),
  )
  if (others.length === 0) return
  const show = (key: Key) => showKey(workspace, key)
  const keys = others.map(({ key }) => shellWord(show(key))).join(' ')
  throw locked(others, ground.vantage, show, `git dw claim ${keys} --steal -m "<why>"`, [])
}

/** Whether a key is what the commits touch, or the task whose branch is pushed. */
function concerns(names: readonly LockName[], branches: readonly string[]) {
  return (key: Key, branch: string | undefined): boolean => {
    if (key.kind === 'task') return branch !== undefined && branches.includes(branch)
    if (key.kind !== 'path') return false
    const name = lockName(key)
    return names.some((touched) => onOneLine(name, touched))
  }
}

/** Whether what was revoked is held again: the key itself, or every touched path on its line. */
function isHeld(mine: readonly Holding[], revoked: LockName, names: readonly LockName[]): boolean {
  const covers = (name: LockName) => mine.some((held) => held.name === name || isAbove(held.name, name))
  if (covers(revoked)) return true
  const touched = names.filter((name) => onOneLine(name, revoked))
  return touched.length > 0 && touched.every(covers)
}

function onLine(ref: string, name: LockName): boolean {
  const lock = lockRef(name)
  return ref === lock || lock.startsWith(`${ref}/`) || ref.startsWith(`${lock}/`)
}

/** The branch of a task that was lost: its lock's blob says it, else the session. */
async function branchOf(
  workspace: Workspace,
  { key, lock }: Revocation,
  session: Session,
): Promise<string | undefined> {
  const [object] = await readRecordObjects(workspace.git, [lock])
  const bytes = object?.bytes ?? null
  const found = bytes === null ? null : decode(lockRef(lockName(parseKey(key))), bytes)
  if (found?.ok && found.record.kind === 'lock') return found.record.branch
  const task = parseKey(key)
  return task.kind === 'task' && task.task === session.task ? session.worktree?.branch : undefined
}

/** The place of a path, or of the first directory above it that is not too long to be held. */
function nameOf(path: string): LockName {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    try {
      return lockName({ kind: 'path', path: at })
    } catch (error) {
      if (!at.includes('/')) throw error
    }
  }
}

function provisional(key: string): DwError {
  return new DwError('DW_OFFLINE', `"${key}" is held provisionally: the remote has not said yes yet`, {
    hints: ['ask it: git dw sync', 'then try again'],
  })
}
