import * as t from 'typanion'
import type { Rescue } from '../../domain/rescue.ts'

const isPath = t.cascade(t.isString(), isInside)
const isOid = t.cascade(t.isString(), t.matchesRegExp(/^[0-9a-f]{40,64}$/))
const isMode = t.cascade(t.isString(), t.matchesRegExp(/^[0-7]{1,6}$/))

const isRescue = t.isObject(
  {
    v: t.isLiteral(1),
    at: t.isString(),
    path: t.isString(),
    task: t.isOptional(t.isString()),
    session: t.isOptional(t.isString()),
    branch: t.isNullable(t.isString()),
    head: t.isNullable(isOid),
    index: t.isArray(t.isObject({ path: isPath, stage: t.isNumber(), mode: isMode, oid: isOid })),
    unindexed: t.isArray(isPath),
    intended: t.isArray(isPath),
    files: t.isArray(
      t.isObject({
        path: isPath,
        type: t.isEnum(['file', 'link'] as const),
        mode: isMode,
        state: t.isEnum(['tracked', 'untracked', 'ignored'] as const),
      }),
    ),
    gone: t.isArray(isPath),
    unwatched: t.isArray(
      t.isObject({ path: isPath, flag: t.isEnum(['assume-unchanged', 'skip-worktree'] as const) }),
    ),
    state: t.isArray(isPath),
    refs: t.isArray(t.isObject({ name: t.isString(), oid: isOid })),
  },
  { extra: t.isRecord(t.isUnknown()) },
)

/** The manifest of a rescue's commit; null for what is none, or would write outside the worktree. */
export function parseRescue(bytes: Uint8Array): Rescue | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isRescue(value) ? (value as Rescue) : null
  } catch {
    return null
  }
}

/** A path that stays inside: relative, without "..", and not into a git directory. */
function isInside(path: string): boolean {
  const parts = path.split('/')
  return !parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')
}
