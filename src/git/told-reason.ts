import type { GitResult } from './exec.ts'

/**
 * The line of what git and its helpers said that says most: the first one with a letter in it that is no mere
 * warning, without what frames it (ssh puts its loudest words between rows of `@`). Null where there is none.
 * It is only shown; nothing is decided by it.
 */
export function toldReason(said: string): string | null {
  const lines = said
    .split(/[\r\n]+/)
    .map((line) => line.replace(/^[\s@]+|[\s@]+$/g, ''))
    .filter((line) => /\p{L}/u.test(line))
  return lines.find((line) => !/^[Ww]arning: /.test(line)) ?? lines[0] ?? null
}

/** What git said of a call that failed; nothing of one that took too long, and was ended in the middle of a sentence. */
export function saidBy({ status, stderr }: GitResult): string {
  return status === null ? '' : stderr
}
