import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { RunningProcess } from '../flows/surroundings.ts'

/**
 * The processes, other than `self`, whose current directory is `directory` or below (proc(5)). Without /proc,
 * and for other users' processes, that cannot be told.
 */
export function processesIn(directory: string, self: number): RunningProcess[] {
  return pids().flatMap((pid) => {
    if (pid === self || !isWithin(directoryOf(pid), directory)) return []
    return [{ pid, name: nameOf(pid) }]
  })
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function directoryOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}

function isWithin(inner: string | null, outer: string): boolean {
  return inner !== null && (inner === outer || inner.startsWith(`${outer}/`))
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
