import type { Here } from '../../src/domain/migration/plan.ts'

export const NOW = Date.parse('2026-03-01T12:00:00.000Z')

/** ISO 8601, so many minutes from {@link NOW}. */
export const minutes = (from: number) => new Date(NOW + from * 60_000).toISOString()

/** A repository in which nothing is yet, and that knows no worktree. */
export const HERE: Here = {
  now: NOW,
  owner: { user: 'ann', host: 'mill', clone: 'clone' },
  sessionTtl: 86_400,
  defaultProject: 'repo',
  holdsState: true,
  places: new Map([
    ['/repo/shop', 'shop'],
    ['/repo', '.'],
    ['/other', null],
  ]),
  worktrees: new Map(),
  mainBranch: 'main',
  sessions: new Set(),
  logs: new Set(),
  projects: [],
  locks: [],
}
