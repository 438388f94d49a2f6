import type { Holding } from '../../domain/claim.ts'
import { ago } from '../../domain/duration.ts'
import { ownerName } from '../../domain/holder.ts'
import { isSilent } from '../../domain/lease.ts'
import { printable } from '../../domain/printable.ts'
import { readStamp } from '../../store/local/stamp.ts'
import { activeRef, endedRef, LOCKS_REF, type RefName } from '../../store/ref-names.ts'
import { readGround } from '../ground.ts'
import { heartbeatQuietly } from '../heartbeat.ts'
import { findClaimants, identityRefs, isLive, sessionIn, settleIdentity } from '../identity.ts'
import { checkMeta, type Workspace } from '../workspace.ts'

/**
 * One line that says whose branch, worktree or repository this is, when another live session has it; null
 * when nobody else does. It is a sign of life of mine, too.
 */
export async function whoseGround(workspace: Workspace): Promise<string | null> {
  const { repository, settings, store, around } = workspace
  if (!settings.hooks) return null
  const [claimants, stamp, branch] = await Promise.all([
    findClaimants(workspace),
    readStamp(repository.gitDir),
    currentBranch(workspace),
  ])
  const stamped: RefName[] = stamp === undefined ? [] : [activeRef(stamp.session), endedRef(stamp.session)]
  const refs = [...identityRefs(claimants), ...stamped, `${LOCKS_REF}/task` as const]
  const root: RefName = `${LOCKS_REF}/path`
  // the lock of the whole repository alone: what stands above a path's ref is read without what is beside it
  const snapshot = await store.read({ refs: [...new Set(refs)], above: [`${root}/x`] })
  checkMeta(snapshot, 'read')
  const ground = await readGround(workspace, snapshot)
  const identity = settleIdentity(workspace, claimants, ground.snapshot)
  if (identity.who === 'session') await heartbeatQuietly(workspace, identity.mine, ground.snapshot)
  const me = identity.who === 'session' ? identity.mine.session.id : undefined
  const others = ground.holdings.filter(({ state, record }) => state === 'live' && record.session !== me)
  const held = others.find(({ record }) => branch !== null && record.branch === branch)
  if (held !== undefined) return line(`branch "${branch}"`, held, around.now())
  const whole = others.find(({ key }) => key.kind === 'path' && key.path === '')
  if (whole !== undefined) return line('the whole repository', whole, around.now())
  const owner = stamp === undefined ? undefined : sessionIn(ground.snapshot, stamp.session)
  if (stamp === undefined || owner === undefined || owner.session.id === me || !isLive(owner)) return null
  if (isSilent(owner.session, owner.session.ttl, ground.vantage)) return null
  const { id, owner: whose, createdAt } = owner.session
  const who = `${id} (${ownerName(whose)}, since ${ago(createdAt, around.now())})`
  return printable(`git dw: this worktree belongs to ${who}, for ${stamp.key}: see git dw status`)
}

function line(what: string, { record }: Holding, now: number): string {
  const who = `${record.session} (${ownerName(record.owner)}, claimed ${ago(record.acquiredAt, now)})`
  const why = record.why === undefined ? '' : `: ${record.why}`
  return printable(`git dw: ${what} is held by ${who}${why}; see git dw locks`)
}

async function currentBranch({ git }: Workspace): Promise<string | null> {
  const result = await git.run(['symbolic-ref', '--quiet', 'HEAD'])
  const name = result.stdout.toString('utf8').trim()
  return result.status === 0 && name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : null
}
