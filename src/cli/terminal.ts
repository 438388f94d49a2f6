import { fstatSync, readFileSync } from 'node:fs'
import type { Terminal } from '../flows/surroundings.ts'

/**
 * The terminal of this process, when stdin or stderr is it, with the process that leads its session
 * (proc(5)). Null elsewhere: identity is never guessed (design §8). Without /proc there is none; agents
 * and `DW_SESSION` work everywhere.
 */
export function controllingTerminal(pid: number): Terminal | null {
  const own = processStat(pid)
  if (own === null || own.terminal === 0) return null
  if (![0, 2].some((descriptor) => deviceOf(descriptor) === own.terminal)) return null
  const leader = processStat(own.session)
  if (leader === null) return null
  return { name: String(own.terminal), leader: { pid: own.session, start: leader.start } }
}

/** Whether the process with this pid started then, and so is the one that was meant. */
export function isRunning(leader: Terminal['leader']): boolean {
  return processStat(leader.pid)?.start === leader.start
}

/** The name of the process with this pid; without /proc its start is empty. */
export function ownProcess(pid: number): Terminal['leader'] {
  return { pid, start: processStat(pid)?.start ?? '' }
}

/** Whether two processes are in one process group; true where that cannot be told. */
export function isInGroupOf(pid: number, other: number): boolean {
  const [first, second] = [processStat(pid), processStat(other)]
  return first === null || second === null || first.group === second.group
}

function processStat(
  pid: number,
): { group: number; session: number; terminal: number; start: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name, in parentheses, may itself contain spaces and parentheses
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [group, session, terminal, start] = [fields[2], fields[3], fields[4], fields[19]]
    if (group === undefined || session === undefined || terminal === undefined || start === undefined)
      return null
    return {
      group: Number(group),
      session: Number(session),
      terminal: Number(terminal),
      start: `${bootId()}:${start}`,
    }
  } catch {
    return null
  }
}

/** Start times count from the boot, so the boot belongs to them. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8)
}

/** The device number of a descriptor, which proc(5) writes the same way; 0 for what is no character device. */
function deviceOf(descriptor: number): number {
  try {
    const status = fstatSync(descriptor)
    return status.isCharacterDevice() ? status.rdev : 0
  } catch {
    return 0
  }
}
