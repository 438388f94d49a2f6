import { ago } from '../domain/duration.ts'
import { countOf, type Rescue } from '../domain/rescue.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

interface Kept {
  readonly name: string
  readonly commit: string
  readonly rescue: Rescue | null
}

/** The table of `git dw rescue list`. `now` in milliseconds. */
export function rescueTable(palette: Palette, rescues: readonly Kept[], now: number): string {
  const rows = rescues.map(({ name, rescue }): Cell[] => [
    { text: name, style: palette.bold },
    rescue === null ? { text: 'cannot be read', style: palette.bad } : countOf(rescue),
    rescue?.branch ?? '',
    rescue === null ? '' : ago(rescue.at, now),
    rescue?.path ?? '',
  ])
  return table(palette, ['RESCUE', 'HOLDS', 'BRANCH', 'KEPT', 'FROM'], rows)
}

/** One rescue as `--json` lists it. */
export function rescueJson({ name, commit, rescue }: Kept): object {
  return {
    name,
    commit,
    at: rescue?.at ?? null,
    path: rescue?.path ?? null,
    branch: rescue?.branch ?? null,
    head: rescue?.head ?? null,
    task: rescue?.task ?? null,
    session: rescue?.session ?? null,
    files: rescue?.files ?? null,
  }
}
