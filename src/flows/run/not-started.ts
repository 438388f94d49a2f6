import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'

/** DW_NO_COMMAND or DW_NOT_EXECUTABLE for a program that the system would not start in `directory`. */
export function notStarted(program: string, directory: string, error: unknown): DwError {
  const cause = error instanceof Error ? error : new Error(String(error))
  const missing = 'code' in cause && cause.code === 'ENOENT'
  const details = { program, path: directory }
  if (missing) {
    const where = program.includes('/') ? `in "${directory}"` : 'on the PATH'
    return new DwError('DW_NO_COMMAND', `there is no program "${program}" ${where}; nothing was run`, {
      hints: [
        `see whether it is there: command -v ${shellWord(program)}`,
        'a line of shell is run by: -- sh -c "<line>"',
      ],
      details,
      cause,
    })
  }
  // Node's own words are only "spawn <program> <code>"
  const code = 'code' in cause ? String(cause.code) : cause.message
  const reason = code === 'EACCES' ? 'it is not executable, or a directory' : code
  return new DwError('DW_NOT_EXECUTABLE', `"${program}" cannot be started: ${reason}; nothing was run`, {
    hints: [`see what it is: ls -ld ${shellWord(program)}`, 'a script is also run by: -- sh <script>'],
    details,
    cause,
  })
}

/** The error for a worktree whose `dw.postCreate` did not succeed: nothing is run in one that is not ready. */
export function notReady(program: string, problem: DwError, again: string): DwError {
  const { command } = problem.details
  const what =
    problem.code === 'DW_INTERRUPTED'
      ? 'interrupted in dw.postCreate'
      : `dw.postCreate "${String(command)}" did not succeed`
  return new DwError(problem.code, `${what}, so "${program}" was not run`, {
    hints: [`run it again: ${again}`, 'or see what it does: git config --get-all dw.postCreate'],
    details: problem.details,
    cause: problem,
  })
}
