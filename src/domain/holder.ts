import type { Holding } from './claim.ts'
import { ago, formatLeft } from './duration.ts'
import { leaseEnd, type Vantage } from './lease.ts'
import { printable } from './printable.ts'
import type { Owner } from './record.ts'

/** What stands for a host name that stays at home (`dw.sharePaths`). */
export const HIDDEN_HOST = 'hidden'

/** `ann@mill`, as messages name a session's owner. */
export function ownerName(owner: Owner): string {
  return `${owner.user}@${owner.host}`
}

/** One holder, as errors and JSON tell it. */
export interface HolderDetails {
  readonly key: string
  readonly session: string
  readonly owner: { readonly user: string; readonly host: string }
  readonly since: string
  readonly lastActivity: string | null
  readonly expiresAt: string | null
  readonly why: string | null
}

export function holderDetails(holding: Holding, vantage: Vantage): HolderDetails {
  const { record, session } = holding
  return {
    key: record.key,
    session: record.session,
    owner: { user: record.owner.user, host: record.owner.host },
    since: record.acquiredAt,
    lastActivity: session?.lastActivity ?? null,
    expiresAt: session === undefined ? null : isoTime(leaseEnd(session, record.ttl, vantage)),
    why: record.why ?? null,
  }
}

/** An ISO time, also for times that a record pushed out of a date's range. */
function isoTime(milliseconds: number): string | null {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** `"src/api" is held by SESS-7KQ2… (ann@mill, claimed 12m ago, last seen 2m ago): new error format` and when it expires. */
export function describeHolder(
  holding: Holding,
  vantage: Vantage,
  show: (holding: Holding) => string,
): string {
  const { record, session } = holding
  const seen = session === undefined ? '' : `, last seen ${ago(session.lastActivity, vantage.now)}`
  const why = record.why === undefined ? '' : `: ${record.why}`
  const who = `${record.session} (${ownerName(record.owner)}, claimed ${ago(record.acquiredAt, vantage.now)}${seen})`
  const left = session === undefined ? 0 : (leaseEnd(session, record.ttl, vantage) - vantage.now) / 1000
  const until = `it expires in ${formatLeft(left)} unless they are heard from`
  return printable(`"${show(holding)}" is held by ${who}${why}; ${until}`)
}
