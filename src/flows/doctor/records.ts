import type { Finding } from '../../domain/finding.ts'
import { describeDamage } from '../../store/damage.ts'
import { activeRef, endedRef, LOCKS_REF, META_REF } from '../../store/ref-names.ts'
import type { Entry } from '../../store/store.ts'
import { commits } from '../until-settled.ts'
import { checkMeta } from '../workspace.ts'
import type { Check, Examined } from './examined.ts'

/** Records that cannot be read, and sessions that ended only half. */
export const checkRecords: Check = {
  name: 'records',
  ok: ({ ground }) => `all ${ground.snapshot.size} records under refs/dw can be read`,
  find: async (examined) => {
    const damaged = [...examined.ground.snapshot.values()].filter(({ content }) => !content.ok)
    return [...damaged.map(unreadable), ...(await halfEnded(examined))]
  },
}

/** Never put right by us: what could not be read may be worth something to somebody (design §4). */
function unreadable(entry: Entry): Finding {
  const { message, hints } = describeDamage(entry)
  return {
    check: 'records',
    state: 'wrong',
    what: message,
    meaning: meaningOf(entry),
    hint: hints.join('; '),
  }
}

function meaningOf({ ref }: Entry): string {
  if (ref === META_REF) return 'nothing can be changed here until it is sound'
  if (ref.startsWith(`${LOCKS_REF}/`)) return 'it counts as held, and keeps others from what it names'
  if (/^refs\/dw\/(?:active|ended)\//.test(ref)) return 'the locks of that session count as held'
  if (ref.startsWith('refs/dw/log/')) return 'what that session did is not shown, and nothing more is logged'
  return 'it is left out wherever it would be used'
}

/** A session under both names: the writer was killed in between, and `ended/` wins (design §3). */
async function halfEnded(examined: Examined): Promise<Finding[]> {
  const { ground, workspace, fix } = examined
  const findings: Finding[] = []
  for (const { session, ended } of ground.sessions.values()) {
    const active = ground.snapshot.get(activeRef(session.id))
    if (!ended || active === undefined || !active.content.ok) continue
    const what = `${session.id} stands under ${endedRef(session.id)} and ${active.ref}`
    const meaning = 'a command was killed while it ended the session; it has ended'
    const isFixed = fix && (await drop(workspace, active))
    findings.push({
      check: 'records',
      state: isFixed ? 'fixed' : 'warning',
      what: isFixed ? `${what}: the second was deleted` : what,
      meaning,
      hint: isFixed ? null : 'git dw doctor --fix',
    })
  }
  return findings
}

async function drop(workspace: Examined['workspace'], entry: Entry): Promise<boolean> {
  checkMeta(await workspace.store.read({ refs: [META_REF] }), 'write')
  return commits(workspace, [{ ref: entry.ref, from: entry, to: null }])
}
