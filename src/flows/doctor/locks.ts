import type { Holding } from '../../domain/claim.ts'
import type { Finding } from '../../domain/finding.ts'
import { ownerName } from '../../domain/holder.ts'
import type { LogEvent, SessionId } from '../../domain/record.ts'
import { absentSession, revoke } from '../../domain/session.ts'
import { activeRef, lockRef } from '../../store/ref-names.ts'
import type { Change } from '../../store/store.ts'
import { entryOf, readGround } from '../ground.ts'
import { findClaimants, identityRefs, settleIdentity } from '../identity.ts'
import { journalRefs, withJournal } from '../journal.ts'
import { showKey } from '../path-key.ts'
import { ownerHere } from '../seat.ts'
import { commits, untilSettled } from '../until-settled.ts'
import { timestamp, type Workspace } from '../workspace.ts'
import type { Check, Examined } from './examined.ts'

/** Why a lock is worth nothing, other than by silence, which `cleanup` sees to. */
type Worthless = 'void' | 'absent' | 'ended'

const MEANING: Readonly<Record<Worthless, string>> = {
  void: 'its session has noted that it was taken; nobody holds it, and anybody can claim it',
  absent: 'its session has no record; nobody holds it, and anybody can claim it',
  ended: 'its session has ended; nobody holds it, and anybody can claim it',
}

/** Locks that nobody holds any more: a command was killed, or records were deleted by hand. */
export const checkLocks: Check = {
  name: 'locks',
  ok: ({ ground }) => `all ${ground.holdings.length} locks belong to a session`,
  find: async (examined) => {
    const { ground, workspace, fix } = examined
    const found: Finding[] = []
    for (const holding of ground.holdings) {
      const worthless = worthlessness(holding, ground.sessions.get(holding.record.session)?.ended ?? false)
      if (worthless === null) continue
      const key = `"${showKey(workspace, holding.key)}" of ${holding.record.session}`
      const isFixed = fix && (await drop(examined, holding))
      found.push({
        check: 'locks',
        state: isFixed ? 'fixed' : 'warning',
        what: isFixed ? `the lock of ${key} was deleted` : `the lock of ${key} is worth nothing`,
        meaning: MEANING[worthless],
        hint: isFixed ? null : 'git dw doctor --fix, or claim it',
      })
    }
    return found
  },
}

function worthlessness({ session, state }: Holding, ended: boolean): Worthless | null {
  if (session === undefined) return 'absent'
  if (state === 'void') return 'void'
  return ended || session.status !== 'active' ? 'ended' : null
}

/** Deletes the lock together with a change of its session's record (design §5), if it still stands so. */
async function drop({ workspace, session }: Examined, { name, oid, record }: Holding): Promise<boolean> {
  const claimants = await findClaimants(workspace, session)
  const { named, stamp, binding } = claimants
  const ids = [named?.id, stamp?.session, binding?.session].filter((id) => id !== undefined)
  return untilSettled(workspace, async () => {
    const lock = lockRef(name)
    const refs = [...identityRefs(claimants), lock, ...ids.flatMap(journalRefs)]
    const ground = await readGround(workspace, await workspace.store.read({ refs: [...new Set(refs)] }))
    const holding = ground.holdings.find((each) => each.name === name && each.oid === oid)
    if (holding === undefined) return false
    const theirs = ground.sessions.get(record.session)
    if (worthlessness(holding, theirs?.ended ?? false) === null) return false
    const identity = settleIdentity(workspace, claimants, ground.snapshot)
    const me = identity.who === 'session' ? identity.mine.session.id : null
    const at = timestamp(workspace)
    const event: LogEvent[] =
      me === null ? [] : [{ at, event: 'takeover', session: me, keys: [record.key], from: record.session }]
    return commits(
      workspace,
      withJournal(workspace, ground.snapshot, me, event, [
        sessionChange(workspace, holding, theirs, me, at),
        { ref: lock, from: entryOf(ground, holding), to: null },
      ]),
    ).then((done) => (done ? true : null))
  })
}

function sessionChange(
  workspace: Workspace,
  { record, oid }: Holding,
  theirs: { readonly entry: Change['from']; readonly session: Parameters<typeof revoke>[0] } | undefined,
  me: SessionId | null,
  at: string,
): Change {
  if (theirs?.entry) return { ref: theirs.entry.ref, from: theirs.entry, to: revoke(theirs.session, []) }
  const by = me ?? ownerName(ownerHere(workspace.around, workspace.cloneId, null))
  const note = { key: record.key, lock: oid, by, at, why: 'its session has no record' }
  const to = absentSession(record, at, workspace.settings.sessionTtl, [note])
  return { ref: activeRef(record.session), from: null, to }
}
