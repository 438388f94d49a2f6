import type { HookName, HookStanding } from '../domain/hook-name.ts'
import { printable } from '../domain/printable.ts'
import { jsonList } from './json.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

/** The table of `git dw hooks install` and `status`, and below it the lines that are still to be added. */
export function hooksTable(palette: Palette, hooks: readonly HookStanding[]): string {
  const rows = hooks.map(({ hook, state, path, kept }): Cell[] => [
    { text: hook, style: palette.bold },
    { text: state, style: GOOD.includes(state) ? palette.good : palette.warning },
    kept === null ? '' : 'and the one from before',
    path,
  ])
  const lines = hooks
    .filter(({ state }) => state === 'to add')
    .map(({ hook, path, line }) => {
      // an entry of a list, which lefthook has for each hook
      const place = line?.startsWith('- ') ? `, to the jobs of ${hook}` : ''
      return `\nadd to ${printable(path)}${place}:\n    ${line}\n`
    })
  return [table(palette, ['HOOK', 'STATE', 'RUNS', 'WHERE'], rows), ...lines].join('')
}

const GOOD: readonly HookStanding['state'][] = ['installed', 'chained', 'added']

/** The hooks as `--json` lists them. */
export function hooksJson(hooks: readonly HookStanding[], changed: readonly HookName[]): object {
  return jsonList(hooks.map((standing) => ({ ...standing, changed: changed.includes(standing.hook) })))
}
