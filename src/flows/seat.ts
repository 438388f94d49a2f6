import type { Owner } from '../domain/record.ts'
import { sha256 } from '../domain/sha256.ts'
import type { CloneState } from '../store/local/clone-state.ts'
import { readStamp } from '../store/local/stamp.ts'
import type { Claimants } from './identity.ts'
import type { Surroundings, Terminal } from './surroundings.ts'

/**
 * The agent or terminal that this process runs in: what a session can be bound to (design §8).
 * `source` identifies it exactly on this machine; `label` names it in records without telling more.
 */
export interface Seat {
  readonly kind: 'agent' | 'terminal'
  readonly source: string
  readonly label: string
  readonly leader?: Terminal['leader']
}

/** The first that is there: the agent's own session, else the terminal. Null when there is neither. */
export async function findSeat(around: Surroundings): Promise<Seat | null> {
  const agent = around.env['CLAUDE_CODE_SESSION_ID']
  if (agent) {
    const source = `claude-code:${agent}`
    return { kind: 'agent', source, label: `claude-code:${digest(source)}` }
  }
  const terminal = await around.terminal()
  if (terminal === null) return null
  // the leader's pid and start time stand in each: tty names are reused, and variables are inherited
  const leader = `${terminal.leader.pid}@${terminal.leader.start}`
  const { TMUX, TMUX_PANE, TERM_SESSION_ID, WT_SESSION } = around.env
  const name =
    TMUX && TMUX_PANE
      ? `tmux:${TMUX}:${TMUX_PANE}`
      : TERM_SESSION_ID
        ? `term:${TERM_SESSION_ID}`
        : WT_SESSION
          ? `wt:${WT_SESSION}`
          : `tty:${terminal.name}`
  const source = `${name}:${leader}`
  return { kind: 'terminal', source, label: `terminal:${digest(source)}`, leader: terminal.leader }
}

/**
 * What says who acts here where nobody is named: the stamp of the worktree with this git directory, and the
 * binding of the agent or terminal in this clone.
 */
export async function foundHere(
  around: Surroundings,
  gitDir: string,
  clone: CloneState,
): Promise<Omit<Claimants, 'named'>> {
  const seat = await findSeat(around)
  const [stamp, binding] = await Promise.all([
    readStamp(gitDir),
    seat === null ? undefined : clone.binding(seat.source),
  ])
  return { seat, ...(stamp === undefined ? {} : { stamp }), ...(binding === undefined ? {} : { binding }) }
}

/** The owner of a session that starts here. */
export function ownerHere(around: Surroundings, cloneId: string, seat: Seat | null): Owner {
  const { user, host } = around
  return { user, host, clone: cloneId, ...(seat === null ? {} : { [seat.kind]: seat.label }) }
}

/** Whether `owner` is this clone and this seat. */
export function sitsHere(owner: Owner, cloneId: string, seat: Seat): boolean {
  return owner.clone === cloneId && owner[seat.kind] === seat.label
}

function digest(source: string): string {
  return sha256(source).slice(0, 8)
}
