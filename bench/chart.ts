import type { Measured } from './measure.ts'

const COLUMNS = 48

/** The medians as bars of text, for a code block of Markdown. */
export function chart(measured: readonly Measured[]): string {
  const most = Math.max(...measured.map(({ median }) => median))
  const width = Math.max(...measured.map(({ name }) => plain(name).length))
  const lines = measured.map(({ name, median }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((median / most) * COLUMNS)))
    return `${plain(name).padEnd(width)}  ${bar} ${median.toFixed(0)} ms\n`
  })
  return `\`\`\`text\n${lines.join('')}\`\`\`\n`
}

function plain(name: string): string {
  return name.replaceAll('`', '')
}
