import { randomUUID } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import * as t from 'typanion'
import { createJsonFile, readJsonFile, writeJsonFile } from './json-file.ts'

/** A process of this machine, told from later ones with the same pid by when it started. */
export interface ProcessName {
  readonly pid: number
  /** Empty where it cannot be told. */
  readonly start: string
}

/** What the mutex needs of the machine. */
export interface Processes {
  readonly host: string
  readonly self: ProcessName
  readonly isRunning: (process: ProcessName) => Promise<boolean>
  /** The clock that files' times come from, in milliseconds since the epoch. */
  readonly fileClock: () => number
}

const isHolder = t.isObject({
  host: t.isString(),
  pid: t.isNumber(),
  start: t.isString(),
  token: t.isString(),
})

/** Age from which a holder is given up of whom nobody here can tell whether it runs, in milliseconds. */
const FORGOTTEN = 600_000

/**
 * Takes the mutex at `path`, also from a holder that is dead. Returns how to give it back, or who has it.
 * Takers of one dead holder pass through a mutex of their own, so that only one of them takes its place.
 */
export async function takeMutex(
  path: string,
  processes: Processes,
): Promise<{ readonly release: () => Promise<void> } | { readonly heldBy: ProcessName }> {
  const mine = { host: processes.host, ...processes.self, token: randomUUID() }
  const release = async () => {
    const now = await readJsonFile(path)
    if (isHolder(now) && now.token === mine.token) await rm(path, { force: true })
  }
  if (await createJsonFile(path, mine)) return { release }
  const holder = await readJsonFile(path)
  const token = isHolder(holder) ? holder.token : 'damage'
  const heldBy = isHolder(holder) ? { pid: holder.pid, start: holder.start } : { pid: 0, start: '' }
  if (!(await isDead(path, holder, processes))) return { heldBy }
  const turn = await takeMutex(`${path}.after-${token}`, processes)
  if ('heldBy' in turn) return turn
  try {
    const still = await readJsonFile(path)
    const unchanged = isHolder(still) ? still.token === token : token === 'damage'
    if (!unchanged) return { heldBy }
    await writeJsonFile(path, mine)
    return { release }
  } finally {
    await turn.release()
  }
}

async function isDead(path: string, holder: unknown, processes: Processes): Promise<boolean> {
  const known = isHolder(holder) && holder.host === processes.host && holder.start !== ''
  if (known) return !(await processes.isRunning(holder))
  const since = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )
  return since !== null && processes.fileClock() - since > FORGOTTEN
}
