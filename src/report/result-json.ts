import type { Result } from '../domain/record.ts'

/** A task's result as `--json` prints it. */
export function resultJson(result: Result): object {
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
