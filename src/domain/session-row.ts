import type { Holding } from './claim.ts'
import type { Session, SessionStatus } from './record.ts'

/** One session as lists show it. */
export interface SessionRow {
  readonly session: Session
  readonly state: SessionStatus
  readonly mine: boolean
  readonly locks: readonly Holding[]
}
