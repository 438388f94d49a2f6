import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** A process of this machine. */
interface Running {
  readonly pid: number
  readonly parent: number
  /** When it started, in milliseconds since the epoch, to some 20 ms. */
  readonly started: number
  /** Where it stands; empty for one that has ended already. */
  readonly cwd: string
  readonly command: string
  /** "R" for one that runs or waits for a processor, "S" for one that sleeps. */
  readonly state: string
  /** What it has had of the processors, in ticks of the clock. */
  readonly worked: number
}

const TICK = 10

function processes(): Running[] {
  const booted = Date.now() - Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000
  return readdirSync('/proc').flatMap((name): Running[] => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (fields[0] === 'Z') return []
      const cwd = readlinkSync(`/proc/${name}/cwd`)
      const started = booted + Number(fields[19]) * TICK
      const [state = '', parent] = fields
      const worked = Number(fields[11]) + Number(fields[12])
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return [{ pid: Number(name), parent: Number(parent), started, cwd, command, state, worked }]
    } catch {
      return []
    }
  })
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  return processes()
    .filter(({ parent }) => parent === pid)
    .map((child) => child.pid)
}

/** The processes that stand in `directory`, or below it. */
export function processesIn(directory: string): Running[] {
  return processes().filter(({ cwd }) => cwd === directory || cwd.startsWith(`${directory}/`))
}

/** What the processes in `directory` have done so far, to be compared; null while one of them does something. */
export function workIn(directory: string): string | null {
  const all = processesIn(directory)
  if (all.some(({ state }) => state !== 'S')) return null
  return all.map(({ pid, worked }) => `${pid}:${worked}`).join(' ')
}

/** How far apart the clocks of files and of processes are taken to be, in milliseconds. */
const DOUBT = 200

/** Lock files of a repository's refs that are older than every process that stands in it: nobody holds them. */
export function ownerlessLocks(gitDir: string): string[] {
  const found = lockFiles(gitDir)
  if (found.length === 0) return []
  const eldest = Math.min(
    Date.now(),
    ...processesIn(gitDir.replace(/\/\.git$/, '')).map((each) => each.started),
  )
  return found.filter((file) => (madeAt(file) ?? eldest) < eldest - DOUBT)
}

/** When the oldest lock file of a repository's refs was made, whoever holds it; null without any. */
export function oldestLock(gitDir: string): number | null {
  const times = lockFiles(gitDir).flatMap((file) => madeAt(file) ?? [])
  return times.length === 0 ? null : Math.min(...times)
}

function madeAt(file: string): number | null {
  try {
    return lstatSync(file).mtimeMs
  } catch {
    return null
  }
}

function lockFiles(gitDir: string): string[] {
  const below = ['refs/dw', 'refs/dw-local', 'refs/heads'].flatMap((root) => {
    try {
      const names = readdirSync(join(gitDir, root), { recursive: true, encoding: 'utf8' })
      return names.filter((name) => name.endsWith('.lock')).map((name) => join(gitDir, root, name))
    } catch {
      return []
    }
  })
  return [...below, join(gitDir, 'packed-refs.lock'), join(gitDir, 'packed-refs.new')]
}
