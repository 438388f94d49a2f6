import type { Holding } from '../domain/claim.ts'
import type { Vantage } from '../domain/lease.ts'
import type { ProjectRow } from '../domain/project.ts'
import { jsonList } from './json.ts'
import { type Damage, damageJson, lockJson } from './lock-table.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

interface ProjectView {
  readonly rows: readonly ProjectRow[]
  readonly damaged: readonly Damage[]
  /** My session's id. */
  readonly me: string | null
  readonly vantage: Vantage
}

/** The table of `git dw project list`; `*` marks the project of this directory. */
export function projectTable(palette: Palette, view: ProjectView): string {
  const rows = view.rows.map((row): Cell[] => [
    row.here ? { text: `* ${row.name}`, style: palette.good } : `  ${row.name}`,
    row.registered ? row.path : { text: `${row.path} (the default)`, style: palette.dim },
    row.base ?? '',
    row.branch ?? '',
    String(row.tasks),
    holder(palette, row.lock, view.me),
  ])
  return table(palette, ['  PROJECT', 'PATH', 'BASE', 'BRANCH', 'TASKS', 'LOCKED BY'], rows)
}

function holder(palette: Palette, lock: Holding | undefined, me: string | null): Cell {
  if (lock === undefined) return ''
  if (lock.state !== 'live') return { text: lock.state, style: palette.warning }
  return lock.record.session === me ? { text: 'mine', style: palette.good } : lock.record.session
}

/** What `git dw project list --json` prints. */
export function projectsJson(view: ProjectView): object {
  const items = view.rows.map((row) => ({
    ...projectJson(row),
    registered: row.registered,
    default: row.isDefault,
    here: row.here,
    tasks: row.tasks,
    lock: row.lock === undefined ? null : lockJson(row.lock, view.me, view.vantage),
  }))
  return jsonList([...items, ...view.damaged.map(damageJson)])
}

/** A project's own fields as `--json` prints them. */
export function projectJson(project: Pick<ProjectRow, 'name' | 'path' | 'base' | 'branch'>): object {
  const { name, path, base, branch } = project
  return { name, path, base: base ?? null, branch: branch ?? null }
}
