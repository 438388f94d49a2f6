import { rm } from 'node:fs/promises'
import * as t from 'typanion'
import type { Finding } from '../../domain/finding.ts'
import { dropLocalFile, halfWritten, type LocalFile, localFiles } from '../../store/local/binding-files.ts'
import { ABANDONED, type Check, type Examined } from './examined.ts'

const isIntent = t.isObject({ session: t.isString(), key: t.isString() })

/** What killed commands left in `<common git dir>/dw`: notes of worktrees being made, and half-written files. */
export const checkLeftovers: Check = {
  name: 'leftovers',
  ok: () => 'no command that was killed left anything behind',
  find: async (examined) => {
    const { around, repository } = examined.workspace
    const now = around.fileClock()
    const intents = (await localFiles(repository.commonDir, 'worktrees', now)).filter(
      ({ age }) => age > ABANDONED,
    )
    const files = await halfWritten(repository.commonDir, now, ABANDONED)
    return [
      ...(await Promise.all(intents.map((intent) => judgeIntent(examined, intent)))),
      ...(await Promise.all(files.map((path) => judgeFile(examined, path)))),
    ]
  },
}

/** An intent is the only sign of whose a worktree without a stamp is: it goes once there is none like that. */
async function judgeIntent(examined: Examined, file: LocalFile): Promise<Finding> {
  const { worktrees, unlisted, cutOff, fix } = examined
  const { value, path } = file
  const key = isIntent(value) ? value.key : null
  // what lies where a record was cut off has no other sign either
  const unstamped =
    unlisted !== null ||
    cutOff.length > 0 ||
    worktrees.some(({ main, missing, stamp }) => !main && !missing && stamp === undefined)
  const isFixed = fix && key !== null && !unstamped && (await dropLocalFile(file))
  return {
    check: 'leftovers',
    state: isFixed ? 'fixed' : 'warning',
    what: isFixed
      ? `the note that a worktree was being made for "${key}" was removed`
      : `"${path}" says that a worktree is being made${key === null ? '' : ` for "${key}"`}`,
    meaning: 'a claim was killed while it made the worktree',
    hint: isFixed
      ? null
      : unstamped
        ? 'claim that task again: it goes on where it stopped'
        : 'git dw doctor --fix, or claim that task again',
  }
}

async function judgeFile({ fix }: Examined, path: string): Promise<Finding> {
  const isFixed =
    fix &&
    (await rm(path).then(
      () => true,
      () => false,
    ))
  return {
    check: 'leftovers',
    state: isFixed ? 'fixed' : 'warning',
    what: isFixed ? `"${path}" was removed` : `"${path}" was not written to its end`,
    meaning: 'a command was killed while it wrote it; nothing reads it',
    hint: isFixed ? null : 'git dw doctor --fix',
  }
}
