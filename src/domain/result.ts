import { ago } from './duration.ts'
import { DwError } from './error.ts'
import { printable } from './printable.ts'
import { RESULT_STATUSES, type Result, type ResultStatus } from './record.ts'

/** The most characters of a summary, and of a pull request's URL. */
const MOST_SUMMARY = 4000
const MOST_URL = 2000

/** The files that a result names where nobody named them: so many at most, and so many bytes of them. */
const MOST_FILES = 500
const MOST_FILE_BYTES = 32 * 1024

/** The status that an option names. Throws DW_USAGE. */
export function resultStatus(text: string | undefined): ResultStatus {
  const status = RESULT_STATUSES.find((each) => each === text)
  if (status !== undefined) return status
  const problem =
    text === undefined ? 'how did it come out? Say it with --status' : `--status "${text}" is none`
  throw new DwError('DW_USAGE', problem, { hints: [`it is one of: ${RESULT_STATUSES.join(', ')}`] })
}

/** A pull request's URL as it was given. Throws DW_USAGE for what is no web address, or holds a password. */
export function pullRequestUrl(text: string): string {
  const wrong = (problem: string) =>
    new DwError('DW_USAGE', `--pr "${printable(text.slice(0, 200))}" ${problem}`, {
      hints: ['give its address, like: --pr https://example.com/shop/pull/7'],
    })
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:\/\/[^\s/]/i.test(text) || /[\s\u0000-\u001f\u007f-\u009f]/.test(text)) {
    throw wrong('is no URL')
  }
  if (url.username !== '' || url.password !== '')
    throw wrong('holds a name or a password, which all would see')
  if (text.length > MOST_URL) throw wrong(`is longer than ${MOST_URL} characters`)
  return text
}

/** A summary as it was given. Throws DW_USAGE for one that says nothing, or too much. */
export function resultSummary(text: string): string {
  if (text.trim() === '') throw new DwError('DW_USAGE', '--summary is empty', { hints: ['leave it out'] })
  if (text.length <= MOST_SUMMARY) return text
  throw new DwError('DW_USAGE', `--summary takes at most ${MOST_SUMMARY} characters`, {
    hints: ['say the rest in the pull request'],
  })
}

/** As many of `files` as a result names, and how many more there are. */
export function namedFiles(files: readonly string[]): {
  readonly files: string[]
  readonly omitted?: number
} {
  const named: string[] = []
  let bytes = 0
  for (const file of files) {
    bytes += Buffer.byteLength(file)
    if (named.length === MOST_FILES || bytes > MOST_FILE_BYTES) break
    named.push(file)
  }
  const omitted = files.length - named.length
  return omitted === 0 ? { files: named } : { files: named, omitted }
}

/** `passed 3h ago by SESS-7KQ2… (pull request https://…)`, as messages tell a result. `now` in milliseconds. */
export function describeResult(result: Result, now: number): string {
  const { status, at, session, pr, branch } = result
  const more = [
    ...(pr === undefined ? [] : [`pull request ${pr}`]),
    ...(branch === undefined ? [] : [`branch ${branch}`]),
  ]
  return printable(
    `${status} ${ago(at, now)} by ${session}${more.length === 0 ? '' : ` (${more.join(', ')})`}`,
  )
}

/** A task's result as errors and JSON tell it. */
export function resultDetails(result: Result): object {
  const { project, task, status, session, files, at } = result
  return {
    project,
    task,
    status,
    session,
    branch: result.branch ?? null,
    head: result.head ?? null,
    base: result.base ?? null,
    pr: result.pr ?? null,
    summary: result.summary ?? null,
    files,
    omitted: result.omitted ?? 0,
    at,
  }
}
