import { formatDuration } from '../../domain/duration.ts'
import type { Finding } from '../../domain/finding.ts'
import { ownerName } from '../../domain/holder.ts'
import type { Check } from './examined.ts'

/** How far clocks of several machines may be apart without a word, in milliseconds. */
const TOLERANCE = 60_000

/** Sessions that were heard from in what is the future here: one of two clocks is wrong. */
export const checkClocks: Check = {
  name: 'clocks',
  ok: () => 'no live session was heard from in the future',
  find: async ({ ground, workspace }) => {
    const now = workspace.around.now()
    return [...ground.sessions.values()].flatMap(({ session, ended }): Finding[] => {
      const ahead = Date.parse(session.lastActivity) - now
      if (ended || session.status !== 'active' || ahead <= TOLERANCE) return []
      const distance = formatDuration(ahead / 1000)
      const own = session.owner.clone === workspace.cloneId
      return [
        {
          check: 'clocks',
          state: 'wrong',
          what: `${session.id} of ${ownerName(session.owner)} was heard from ${distance} ahead of this clock`,
          meaning: own
            ? `its locks count as live until ${distance} later than they should`
            : 'this clock or theirs is wrong; their silence is judged by how long this clone watches it',
          hint: `set the clock right: date -u; where that session is dead: git dw end ${session.id} --force`,
        },
      ]
    })
  },
}
