import type { Workspace } from './workspace.ts'

/** A step on no more things than this shows no progress. */
const WORTH_SHOWING = 100

/** Tells how many of a step's things are done. */
export type Progress = (done: number) => void

/**
 * Runs `step` on `total` things and shows the person watching how far it has come: `<verb> 1,000 keys` at
 * first, `<verb> 640 of 1,000` as the step tells it. `progress` is undefined where there is nobody to show
 * it to, or so little to do that it is not worth it. `verb` is like "claiming", `things` like "keys".
 */
export async function withProgress<T>(
  workspace: Workspace,
  what: { readonly verb: string; readonly total: number; readonly things: string },
  step: (progress: Progress | undefined) => Promise<T>,
): Promise<T> {
  const { verb, total, things } = what
  const show = workspace.around.progress
  if (show === null || total <= WORTH_SHOWING) return step(undefined)
  show(`${verb} ${grouped(total)} ${things}`)
  try {
    return await step((done) => show(`${verb} ${grouped(done)} of ${grouped(total)}`))
  } finally {
    show(null)
  }
}

/** A whole number with its thousands set apart. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
