import type { CleanupItem, CleanupKind } from '../domain/cleanup.ts'
import { printable } from '../domain/printable.ts'
import { andMore, MOST_NAMED } from './lock-table.ts'
import type { Palette } from './palette.ts'

/** What is done to each kind of thing: now, and when it is done. */
const VERBS: Readonly<Record<CleanupKind, readonly [string, string]>> = {
  session: ['expire', 'expired'],
  lock: ['release', 'released'],
  'ended-session': ['drop', 'dropped'],
  log: ['drop', 'dropped'],
  rescue: ['drop', 'dropped'],
  binding: ['drop', 'dropped'],
  file: ['drop', 'dropped'],
  worktree: ['remove', 'removed'],
  damaged: ['leave', 'left'],
}

const NAMES: Readonly<Partial<Record<CleanupKind, string>>> = { 'ended-session': 'session' }

/** One line for each thing; `dryRun` says what would be done. */
export function cleanupText(palette: Palette, items: readonly CleanupItem[], dryRun: boolean): string {
  const damaged = items.filter(({ what }) => what === 'damaged')
  const unnamed = new Set(damaged.slice(MOST_NAMED))
  const lines = items.filter((item) => !unnamed.has(item)).map((item) => line(palette, item, dryRun))
  if (unnamed.size > 0) lines.push(andMore(unnamed.size))
  return lines.map((each) => `${each}\n`).join('')
}

function line(palette: Palette, item: CleanupItem, dryRun: boolean): string {
  const { what, name, why, done, stays } = item
  const [present, past] = VERBS[what]
  const left = dryRun ? 'would leave' : 'left'
  const verb = stays ? palette.warning(left) : palette.good(done ? past : `would ${present}`)
  return `${verb} ${printable(`${NAMES[what] ?? what} "${name}": ${why}`)}`
}

/** One thing as `--json` lists it. */
export function cleanupJson({ what, name, why, done }: CleanupItem): object {
  return { what, name, why, done }
}
