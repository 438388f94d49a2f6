import type { History } from '../history.ts'
import type { Report } from './report.ts'

/** After a last sync of every clone all agree with the arbiter, ref by ref. */
export function checkFinal({ final }: History, report: Report): void {
  if (final === null) return
  for (const [clone, refs] of final.clones) {
    const names = new Set([...refs.keys(), ...final.arbiter.keys()])
    const other = [...names].filter((ref) => refs.get(ref) !== final.arbiter.get(ref)).sort()
    if (other.length > 0) report('agreement', `${clone} and the arbiter differ in ${other.join(', ')}`, null)
  }
}
