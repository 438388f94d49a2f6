import { printable } from '../domain/printable.ts'
import { columnsOf } from './columns.ts'
import type { Palette } from './palette.ts'
import { padded } from './table.ts'

/** What is known of a worktree at once. */
interface Start {
  readonly path: string
  readonly main: boolean
  readonly missing: boolean
  readonly locked: boolean
  readonly branch: string | null
  readonly task: string | null
  readonly session: string | null
  readonly result: string | null
}

/** What git has to look for. */
interface Row extends Start {
  readonly changed: number | null
  readonly untracked: number | null
  readonly ahead: number | null
  readonly behind: number | null
  readonly merged: 'merged' | 'rebased' | 'squashed' | null
}

const HEADING = ['TASK', 'BRANCH', 'SESSION', 'FILES', 'COMMITS', 'MERGED', 'PATH'] as const
const FILES_WIDTH = 24
const COMMITS_WIDTH = 9
const MERGED_WIDTH = 8

/** The table of `git dw worktree list`, a row at a time: columns are as wide as what is known at the start. */
export function worktreeTable(palette: Palette): {
  begin(starts: readonly Start[]): void
  heading(): string
  row(row: Row): string
} {
  let widths: number[] = HEADING.map((title) => title.length)
  const line = (cells: readonly string[], styled: readonly string[]) =>
    `${cells
      .map((cell, at) => padded(cell, styled[at] ?? cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd()}\n`
  return {
    begin(starts) {
      const texts = starts.map(known)
      const widest = (at: number) =>
        Math.max(HEADING[at]?.length ?? 0, ...texts.map((each) => columnsOf(each[at] ?? '')))
      widths = [widest(0), widest(1), widest(2), FILES_WIDTH, COMMITS_WIDTH, MERGED_WIDTH, 0]
    },
    heading: () =>
      line(
        HEADING,
        HEADING.map((title) => palette.dim(title)),
      ),
    row(row) {
      const [task = '', branch = '', session = ''] = known(row)
      const files = filesOf(row)
      const cells = [task, branch, session, files, commitsOf(row), row.merged ?? '', printable(row.path)]
      const clean = files === 'clean' || row.main
      const styles = [
        palette.bold,
        same,
        same,
        clean ? same : palette.warning,
        same,
        palette.good,
        palette.dim,
      ]
      return line(
        cells,
        cells.map((cell, at) => (styles[at] ?? same)(cell)),
      )
    },
  }
}

function known(row: Start): string[] {
  const task = row.task ?? (row.main ? '(main)' : '')
  const result = row.result === null ? '' : ` (${row.result})`
  return [`${task}${result}`, row.branch ?? '(detached)', row.session ?? ''].map(printable)
}

function filesOf(row: Row): string {
  if (row.missing) return 'directory is gone'
  if (row.changed === null || row.untracked === null) return 'unknown'
  const parts = [
    ...(row.changed === 0 ? [] : [`${row.changed} changed`]),
    ...(row.untracked === 0 ? [] : [`${row.untracked} untracked`]),
    ...(row.locked ? ['locked'] : []),
  ]
  return parts.length === 0 ? 'clean' : parts.join(', ')
}

function commitsOf(row: Row): string {
  const { ahead, behind } = row
  if (ahead === null || behind === null) return ''
  return `+${ahead} -${behind}`
}

function same(text: string): string {
  return text
}
