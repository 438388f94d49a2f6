import type { Finding } from '../domain/finding.ts'
import { printable } from '../domain/printable.ts'
import { MOST_NAMED } from './lock-table.ts'
import type { Palette } from './palette.ts'

/** What `git dw doctor` prints: a line for each finding, and below it what it means and what to do. */
export function findingsText(palette: Palette, findings: readonly Finding[]): string {
  const style = { ok: palette.good, fixed: palette.good, warning: palette.warning, wrong: palette.bad }
  const seen = new Map<string, number>()
  const isNamed = ({ check, meaning }: Finding) => {
    const kind = `${check} ${meaning}`
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
    return (seen.get(kind) ?? 0) <= MOST_NAMED
  }
  const named = findings.filter(isNamed)
  const lines = named.flatMap(({ check, state, what, meaning, hint }) => [
    `${style[state](state.padEnd(7))}  ${check}: ${one(what)}`,
    ...(meaning === null || state === 'fixed' ? [] : [`         ${one(meaning)}`]),
    ...(hint === null ? [] : [`         ${palette.dim('→')} ${one(hint)}`]),
  ])
  const more = findings.length - named.length
  if (more > 0) lines.push(`… and ${more.toLocaleString('en')} more of these kinds; --json lists them all`)
  return `${[...lines, '', summary(findings)].join('\n')}\n`
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((each) => each.state === state).length
  const parts = [
    [count('wrong'), 'wrong'],
    [count('warning'), count('warning') === 1 ? 'warning' : 'warnings'],
    [count('fixed'), 'fixed'],
  ] as const
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)
  return told.length === 0 ? 'all is well' : told.join(', ')
}

/** On one line: some messages have several. */
function one(text: string): string {
  return printable(text.replaceAll('\n', ' '))
}
