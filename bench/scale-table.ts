import { type AtSize, type Peak, SCALED, type Scaled, SIZES } from './scale.ts'

/** A claim about figures of one run, and whether it held. */
export interface Bar {
  readonly name: string
  readonly limit: string
  readonly seen: string
  readonly held: boolean
}

/** Commands that look at their keys' lines alone, and those that list everything. */
const LEVEL: readonly Scaled[] = ['claim', 'check', 'heartbeat']
const LISTING: readonly Scaled[] = ['locks', 'status']

const MOST_LEVEL = 1.3
const MOST_AT_THOUSAND = 2
const MOST_MEBIBYTES = 150

/** The bars of a run, by its medians. */
export function bars(times: readonly AtSize[], peaks: readonly Peak[]): readonly Bar[] {
  const [few, many, most] = SIZES
  const at = (command: Scaled, locks: number) =>
    times.find((each) => each.command === command && each.locks === locks)?.median ?? Number.NaN
  const ratio = (name: string, seen: number, limit: number): Bar => {
    return {
      name,
      limit: `≤ ${Number(limit.toFixed(1))} ×`,
      seen: `${seen.toFixed(2)} ×`,
      held: seen <= limit,
    }
  }
  return [
    ...LEVEL.map((command) => {
      const seen = at(command, most) / at(command, few)
      return ratio(`\`${command}\` beside ${most} locks to ${few}`, seen, MOST_LEVEL)
    }),
    ...LISTING.map((command) => {
      const seen = at(command, many) / at(command, few)
      return ratio(`\`${command}\` of ${many} locks to ${few}`, seen, MOST_AT_THOUSAND)
    }),
    // linear: what ten times the locks cost beyond the fixed part is at most ten times as much
    ...LISTING.map((command) => {
      const seen = (at(command, most) - at(command, few)) / (at(command, many) - at(command, few))
      return ratio(`\`${command}\`, growth from ${many} to ${most} locks`, seen, (most - few) / (many - few))
    }),
    ...peaks.map(({ command, locks, mebibytes }): Bar => {
      const [limit, seen] = [`< ${MOST_MEBIBYTES} MiB`, `${mebibytes.toFixed(0)} MiB`]
      return {
        name: `\`${command}\` of ${locks} locks, memory`,
        limit,
        seen,
        held: mebibytes < MOST_MEBIBYTES,
      }
    }),
  ]
}

export function scaleMarkdown(times: readonly AtSize[], result: readonly Bar[]): string {
  const row = (command: Scaled) => {
    const cells = SIZES.map((size) => {
      const found = times.find((each) => each.command === command && each.locks === size)
      return found === undefined
        ? ''
        : `${found.median.toFixed(0)} (${found.least.toFixed(0)}–${found.most.toFixed(0)})`
    })
    return `| \`git dw ${command}\` | ${cells.join(' | ')} |\n`
  }
  return [
    `| median (min–max), ms | ${SIZES.map((size) => `${size} locks`).join(' | ')} |\n|---|--:|--:|--:|\n`,
    ...SCALED.map(row),
    '\n| bar | limit | seen | |\n|---|--:|--:|---|\n',
    ...result.map(
      ({ name, limit, seen, held }) => `| ${name} | ${limit} | ${seen} | ${held ? 'held' : 'missed'} |\n`,
    ),
  ].join('')
}
