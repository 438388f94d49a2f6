import { criticalPath, type Span } from '../domain/critical-path.ts'
import { printable } from '../domain/printable.ts'
import { shellWord } from '../domain/shell-word.ts'

/** A git process as it is shown. */
type Call = Span & { readonly args: readonly string[] }

/**
 * `DW_TRACE`: a line for each git process, in the order of their starts: when it started, how long it ran,
 * and a star where the command waited for it; then how many there were. `whole` is the command itself.
 */
export function traceText(calls: readonly Call[], whole: Span): string {
  const ordered = [...calls].sort((a, b) => a.start - b.start)
  const critical = criticalPath(ordered)
  const lines = ordered.map(({ args, start, end }, at) => {
    const columns = [milliseconds(start - whole.start), milliseconds(end - start)]
    const call = printable(['git', ...args.map(shellWord)].join(' '))
    return `trace: ${columns.join(' ')} ${critical.has(at) ? '*' : ' '} ${call}\n`
  })
  const waited = ordered.reduce((sum, { start, end }, at) => sum + (critical.has(at) ? end - start : 0), 0)
  const counted = `${ordered.length} git processes, ${critical.size} on the critical path`
  const times = `${waited.toFixed(1)} of ${(whole.end - whole.start).toFixed(1)} ms`
  return `${lines.join('')}trace: ${counted}: ${times}\n`
}

function milliseconds(time: number): string {
  return time.toFixed(1).padStart(7)
}
