import { BARE_LAUNCHER, BARE_NODE, CLAIM, RAW_WORKTREE, RAW_WRITE } from './cases.ts'
import type { HandOver } from './hand-over.ts'
import type { Measured } from './measure.ts'

/** A row of the result: times in milliseconds, ratios of medians, git processes where they were counted. */
export interface Row extends Measured {
  readonly toNode: number
  /** Against the raw git call that does the comparable work: the two-step write, or the worktree. */
  readonly toRaw: number | null
  readonly gitProcesses: number | null
}

/** What does nothing that raw git could do. */
const NO_GIT: readonly string[] = [BARE_NODE, BARE_LAUNCHER]

/** The most that a claim may take beyond bare Node, in milliseconds. */
const BAR = 100

export function rows(
  measured: readonly Measured[],
  gitProcesses: ReadonlyMap<string, number>,
): readonly Row[] {
  const medianOf = (name: string) => measured.find((each) => each.name === name)?.median ?? Number.NaN
  return measured.map((each) => {
    const raw = each.name.includes('worktree') ? RAW_WORKTREE : RAW_WRITE
    return {
      ...each,
      toNode: each.median / medianOf(BARE_NODE),
      toRaw: NO_GIT.includes(each.name) ? null : each.median / medianOf(raw),
      gitProcesses: gitProcesses.get(each.name) ?? null,
    }
  })
}

/** Whether a claim took no more than bare Node and 100 ms, by the medians. */
export function bar(measured: readonly Measured[]): { readonly extra: number; readonly holds: boolean } {
  const medianOf = (name: string) => measured.find((each) => each.name === name)?.median ?? Number.NaN
  const extra = medianOf(CLAIM) - medianOf(BARE_NODE)
  return { extra, holds: extra <= BAR }
}

export function markdown(result: readonly Row[], extra: number, holds: boolean): string {
  const line = ({ name, median, least, most, toNode, toRaw, gitProcesses }: Row) => {
    const cells = [
      name,
      median.toFixed(0),
      `${least.toFixed(0)}–${most.toFixed(0)}`,
      `${toNode.toFixed(1)} ×`,
      toRaw === null ? '' : `${toRaw.toFixed(1)} ×`,
      gitProcesses === null ? '' : String(gitProcesses),
    ]
    return `| ${cells.join(' | ')} |\n`
  }
  return [
    '| | median, ms | min–max, ms | to bare Node | to raw git | git processes |\n',
    '|---|--:|--:|--:|--:|--:|\n',
    ...result.map(line),
    `\nA claim takes bare Node and ${extra.toFixed(0)} ms; the bar of ${BAR} ms ${holds ? 'holds' : 'is missed'}.\n`,
  ].join('')
}

/** When a released key is in the next hands. */
export function handOverTable(handedOver: readonly HandOver[]): string {
  return [
    '\n| `git dw release` to the end of `git dw claim --wait` | median, ms | min–max, ms | the last has it after |\n',
    '|---|--:|--:|--:|\n',
    ...handedOver.map(
      ({ name, median, least, most, lastInHolds }) =>
        `| ${name} | ${median.toFixed(0)} | ${least.toFixed(0)}–${most.toFixed(0)} | ${lastInHolds.toFixed(1)} holds |\n`,
    ),
  ].join('')
}
