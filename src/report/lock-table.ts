import type { Holding } from '../domain/claim.ts'
import { ago, formatLeft } from '../domain/duration.ts'
import { holderDetails, ownerName } from '../domain/holder.ts'
import { leaseEnd, type Vantage } from '../domain/lease.ts'
import { printable } from '../domain/printable.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

interface LockView {
  /** My session's id. */
  readonly me: string | null
  readonly vantage: Vantage
  readonly show: (holding: Holding) => string
}

/** A record that cannot be read. */
export interface Damage {
  readonly ref: string
  readonly content:
    | { readonly ok: true }
    | { readonly ok: false; readonly problem: string; readonly newer: boolean }
}

/** The table of `git dw locks`. */
export function lockTable(palette: Palette, holdings: readonly Holding[], view: LockView): string {
  const rows = holdings.map((holding): Cell[] => {
    const { record } = holding
    return [
      { text: view.show(holding), style: palette.bold },
      record.session === view.me ? { text: 'mine', style: palette.good } : record.session,
      ownerName(record.owner),
      ago(record.acquiredAt, view.vantage.now),
      timeLeft(palette, holding, view.vantage),
      record.why ?? '',
    ]
  })
  return table(palette, ['KEY', 'HELD BY', 'OWNER', 'SINCE', 'LEFT', 'WHY'], rows)
}

/** How long a lock still counts if its session stays silent, or what it is instead. */
function timeLeft(palette: Palette, holding: Holding, vantage: Vantage): Cell {
  if (holding.state !== 'live') return { text: holding.state, style: palette.warning }
  if (holding.session === undefined) return ''
  if (holding.record.provisional) return { text: 'provisional', style: palette.warning }
  return formatLeft((leaseEnd(holding.session, holding.record.ttl, vantage) - vantage.now) / 1000)
}

/** One lock as `--json` prints it. */
export function lockJson(holding: Holding, me: string | null, vantage: Vantage): object {
  const { record, state } = holding
  return {
    ...holderDetails(holding, vantage),
    state,
    mine: record.session === me,
    claim: record.claim,
    provisional: record.provisional ?? false,
    ttl: record.ttl,
    branch: record.branch ?? null,
    base: record.base ?? null,
    worktree: record.worktree ?? null,
    with: record.with ?? null,
  }
}

/** A damaged record as `--json` lists it: it counts as held. */
export function damageJson(damage: Damage): object {
  return { ref: damage.ref, state: 'damaged', problem: damage.content.ok ? null : damage.content.problem }
}

/** A warning for each record that cannot be read. */
export function damageLines(damaged: readonly Damage[]): string[] {
  const more = damaged.length - MOST_NAMED
  return [...damaged.slice(0, MOST_NAMED).map(damageLine), ...(more > 0 ? [andMore(more)] : [])]
}

/** Damaged records that are named one by one: whoever can push can leave very many. */
export const MOST_NAMED = 20

/** The line in the place of damaged records that are not named. */
export const andMore = (count: number) =>
  `… and ${count.toLocaleString('en')} more that cannot be read; --json lists them all`

function damageLine({ ref, content }: Damage): string {
  const problem = content.ok ? 'belongs to a session whose record cannot be read' : content.problem
  const means = ref === 'refs/dw/meta' ? 'nothing can be changed here' : 'it counts as held'
  return printable(`warning: the record at "${ref}" ${problem}; ${means} (DW_CORRUPT_STATE)`)
}
