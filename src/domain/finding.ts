/** What `doctor` looks at, in the order in which it reports. */
export const CHECKS = [
  'versions',
  'identity',
  'records',
  'locks',
  'clocks',
  'lock-files',
  'bindings',
  'stamps',
  'worktrees',
  'leftovers',
  'refspecs',
] as const

export type CheckName = (typeof CHECKS)[number]

/**
 * One thing that a check found. `wrong` keeps something from working or can lose something; a `warning` does
 * neither by itself; `fixed` was wrong, or a warning, until just now.
 */
export interface Finding {
  readonly check: CheckName
  readonly state: 'ok' | 'warning' | 'wrong' | 'fixed'
  /** What was found, or for `ok` what was looked at. */
  readonly what: string
  /** What it means; null for `ok`. */
  readonly meaning: string | null
  /** What to do; null where there is nothing to do. */
  readonly hint: string | null
}
