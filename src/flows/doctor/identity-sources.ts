import type { Finding } from '../../domain/finding.ts'
import type { SessionId } from '../../domain/record.ts'
import { readStamp } from '../../store/local/stamp.ts'
import { findClaimants, type Identity, identityRefs, settleIdentity } from '../identity.ts'
import type { Check, Examined } from './examined.ts'

/** Whether all that says who I am says the same (design §8). */
export const checkIdentity: Check = {
  name: 'identity',
  ok: () => 'nothing that says who you are contradicts another',
  find: async (examined) => {
    const { workspace, session } = examined
    const claimants = await findClaimants(workspace, session)
    const snapshot = await workspace.store.read({ refs: identityRefs(claimants) })
    const identity = settleIdentity(workspace, claimants, snapshot)
    if (identity.who === 'nobody') return identity.doubt === undefined ? [] : [doubtful(identity.doubt)]
    return outvoted(examined, identity)
  },
}

function doubtful(doubt: NonNullable<Extract<Identity, { who: 'nobody' }>['doubt']>): Finding {
  return {
    check: 'identity',
    state: 'wrong',
    what: doubt.message,
    meaning: `commands that change something are refused here (${doubt.code})`,
    hint: doubt.hints.join('; '),
  }
}

/** Other live sessions that this worktree, agent or terminal names, beside the one that counts. */
async function outvoted(
  { workspace, ground }: Examined,
  identity: Extract<Identity, { who: 'session' }>,
): Promise<Finding[]> {
  const me = identity.mine.session.id
  const { seat, source } = identity
  const stamp = await readStamp(workspace.repository.gitDir)
  const binding = seat === null ? undefined : await workspace.clone.binding(seat.source)
  const others: readonly (readonly [string, SessionId | undefined])[] = [
    ['this worktree belongs to', stamp?.session],
    [seat?.kind === 'agent' ? 'this agent is bound to' : 'this terminal is bound to', binding?.session],
  ]
  const counts = {
    option: '--session',
    variable: 'DW_SESSION',
    stamp: 'the worktree',
    binding: 'the binding',
  }
  return others.flatMap(([says, id]): Finding[] => {
    const found = id === undefined || id === me ? undefined : ground.sessions.get(id)
    if (found === undefined || found.ended || found.session.status !== 'active') return []
    return [
      {
        check: 'identity',
        state: 'warning',
        what: `you act for ${me}, but ${says} ${id}`,
        meaning: `${counts[source]} counts: what you do here is done for ${me}`,
        hint: 'where that is not meant, go to your own worktree, or: unset DW_SESSION',
      },
    ]
  })
}
