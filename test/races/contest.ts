import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome, Sandbox } from '../harness/sandbox.ts'

/** The names of agents, numbered from 0. */
export function agents(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `agent-${at}`)
}

/** How often each exit status came, as `0×1 1×31`. */
export function statuses(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>()
  for (const { status, signal } of outcomes) {
    const name = String(status ?? signal)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .sort()
    .map(([status, count]) => `${status}×${count}`)
    .join(' ')
}

/** What the processes with an unexpected end said, for a test's message. */
export function complaints(outcomes: readonly Outcome[], expected: readonly (number | null)[]): string {
  return outcomes
    .filter(({ status }) => !expected.includes(status))
    .map(({ status, signal, stderr }) => `${status ?? signal}: ${stderr}`)
    .join('\n')
}

/** The locks in the repository: ref, key, session. */
export async function locks(sandbox: Sandbox): Promise<{ ref: string; key: string; session: string }[]> {
  const refs = await sandbox.refs('refs/dw/locks')
  return Promise.all(
    refs.map(async (line) => {
      const [ref = ''] = line.split(' ')
      const { key, session } = await sandbox.record(ref)
      return { ref, key, session }
    }),
  )
}

/** The ids of the sessions under `refs/dw/active`. */
export async function liveSessions(sandbox: Sandbox): Promise<string[]> {
  const refs = await sandbox.refs('refs/dw/active')
  return Promise.all(refs.map(async (line) => (await sandbox.record(line.split(' ')[0] ?? '')).id))
}

/** The paths of all linked worktrees. */
export async function linkedWorktrees(sandbox: Sandbox): Promise<string[]> {
  const listing = await sandbox.git(['worktree', 'list', '--porcelain'])
  const paths = listing.split('\n').filter((line) => line.startsWith('worktree '))
  return paths.map((line) => line.slice('worktree '.length)).slice(1)
}

/** The task directories that lie where worktrees are made by default. */
export function worktreeDirectories(sandbox: Sandbox): string[] {
  const parent = join(sandbox.home, 'worktrees', 'repo')
  return existsSync(parent) ? readdirSync(parent) : []
}

/** Numbers from 0 up to 1 that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
