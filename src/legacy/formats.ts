import * as t from 'typanion'
import { allOf, objectOf } from '../store/fields.ts'

/** The fields of the old files that are read; others may stand beside them. */

const MAX_TEXT = 4096

const isText = allOf(t.isString(), t.hasMinLength(1), t.hasMaxLength(MAX_TEXT))
const isOptionalText = t.isOptional(t.isNullable(allOf(t.isString(), t.hasMaxLength(MAX_TEXT))))
const isTime = allOf(t.isString(), isIsoTime)
const isOptionalTime = t.isOptional(t.isNullable(isTime))
const isSessionStatus = t.isEnum(['active', 'ended'] as const)

export const isV1 = objectOf({
  sessionId: isText,
  activeProject: isOptionalText,
  startTime: isTime,
  status: t.isEnum(['active', 'inactive', 'ended'] as const),
})

/** What v1 wrote while there was no session. */
export const isV1Empty = objectOf({ sessionId: t.isNullable(t.isEnum([''] as const)) })

export const isRegistryEntry = objectOf({
  id: isText,
  projectId: isOptionalText,
  projectName: isOptionalText,
  taskId: isOptionalText,
  worktreePath: isOptionalText,
  status: isSessionStatus,
  createdAt: isTime,
  lastActivity: isTime,
})

export const isSessionFile = objectOf({
  id: isText,
  project: t.isOptional(t.isNullable(objectOf({ id: isText, name: isOptionalText, path: isOptionalText }))),
  currentTask: isOptionalText,
  worktree: t.isOptional(
    t.isNullable(objectOf({ path: isText, branch: isOptionalText, createdAt: isOptionalTime })),
  ),
  locks: t.isOptional(t.isNullable(t.isArray(isText))),
  prUrl: isOptionalText,
  status: isSessionStatus,
  createdAt: isTime,
  lastActivity: isTime,
})

export const isLockEntry = objectOf({
  lockId: isText,
  projectId: isOptionalText,
  taskId: isOptionalText,
  ownerId: isText,
  acquiredAt: isTime,
  expiresAt: isTime,
  status: t.isEnum(['active', 'expired', 'released'] as const),
})

export const isProjectEntry = objectOf({ id: isText, name: isText, path: isText })

export const isAuditLine = objectOf({
  timestamp: isTime,
  event: isText,
  sessionId: isOptionalText,
  data: t.isUnknown(),
})

/** What is wrong with `value`; null when it fits. */
export function problemWith(validator: t.AnyStrictValidator, value: unknown): string | null {
  const errors: string[] = []
  if (validator(value, { errors })) return null
  const [first = 'does not fit'] = errors
  return first
    .replace(/^\.:? ?/, '')
    .replace(/^Expected /, 'expected ')
    .replace(
      /expected to have a length of at least 1 elements \(got 0\)/i,
      'expected a text (got an empty one)',
    )
    .replace(
      /expected to have a length of at most (\d+) elements \(got (\d+)\)/i,
      'expected at most $1 characters (got $2)',
    )
    .replace(
      /^(\w+(?:\.\w+)*): (.)/,
      (_, field: string, letter: string) => `${field}: ${letter.toLowerCase()}`,
    )
}

/** ISO 8601 with its zone: a time without one is another time on each machine. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)$/

function isIsoTime(value: string, state?: t.ValidationState): boolean {
  if (ISO_TIME.test(value) && !Number.isNaN(Date.parse(value))) return true
  state?.errors?.push(`${state.p ?? '.'}: expected a time such as 2026-01-02T03:04:05Z`)
  return false
}
