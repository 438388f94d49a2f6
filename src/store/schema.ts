import * as t from 'typanion'
import { formatKey, lockName, parseKey } from '../domain/key.ts'
import { nameProblem } from '../domain/name.ts'
import {
  type Lock,
  type LogEvent,
  type Project,
  RESULT_STATUSES,
  type Result,
  type Session,
} from '../domain/record.ts'
import { allOf, objectOf } from './fields.ts'

/** The newest record version that this program reads and writes (design §4). */
export const RECORD_VERSION = 1

/** The layout of `refs/dw` that this program writes. */
export const STORE_SCHEMA = 1

/** `refs/dw/meta`: the layout's version, the oldest reader it is fit for, and the store's random id. */
export interface Meta {
  readonly kind: 'meta'
  readonly schema: number
  readonly minReader: number
  readonly id: string
}

const isWhole = allOf(t.isNumber(), t.isInteger(), t.isAtLeast(0))
const isSeconds = allOf(t.isNumber(), t.isInteger(), t.isInInclusiveRange(1, 10 * 365 * 86_400))
/** Times whose day every month has; from the 29th on, the calendar decides. */
const ORDINARY_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/
const isTime = allOf(t.isString(), t.matchesRegExp(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), isRealTime)
const isText = allOf(t.isString(), t.hasMinLength(1))
const isObjectId = allOf(t.isString(), t.matchesRegExp(/^[0-9a-f]{40,64}$/))
const isSessionId = allOf(t.isString(), t.matchesRegExp(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/))
const isKey = allOf(t.isString(), isRealKey)

/** The version was looked at before: it says whether the rest can be judged at all. */
const common = { v: t.isUnknown(), rev: isWhole, nonce: isText }

const isOwner = objectOf({
  user: t.isString(),
  host: t.isString(),
  clone: t.isString(),
  agent: t.isOptional(t.isString()),
  terminal: t.isOptional(t.isString()),
})

const isSession = objectOf({
  ...common,
  kind: t.isLiteral('session'),
  id: isSessionId,
  status: t.isEnum(['active', 'ended', 'expired'] as const),
  owner: isOwner,
  project: t.isOptional(t.isString()),
  task: t.isOptional(t.isString()),
  worktree: t.isOptional(
    objectOf({ path: t.isString(), branch: t.isString(), base: t.isString(), createdAt: isTime }),
  ),
  pr: t.isOptional(t.isString()),
  endedBy: t.isOptional(t.isString()),
  endedAt: t.isOptional(isTime),
  createdAt: isTime,
  lastActivity: isTime,
  ttl: isSeconds,
  fence: isWhole,
  revoked: t.isArray(
    objectOf({ key: isKey, lock: isObjectId, by: t.isString(), at: isTime, why: t.isString() }),
  ),
})

const isLock = objectOf({
  ...common,
  kind: t.isLiteral('lock'),
  id: isText,
  key: isKey,
  session: isSessionId,
  owner: isOwner,
  why: t.isOptional(t.isString()),
  claim: isText,
  acquiredAt: isTime,
  ttl: isSeconds,
  branch: t.isOptional(t.isString()),
  base: t.isOptional(t.isString()),
  worktree: t.isOptional(t.isString()),
  provisional: t.isOptional(t.isBoolean()),
  with: t.isOptional(isKey),
})

const isProject = objectOf({
  ...common,
  kind: t.isLiteral('project'),
  id: isText,
  name: allOf(t.isString(), isRealName),
  path: allOf(t.isString(), isRealDirectory),
  base: t.isOptional(isText),
  branch: t.isOptional(isText),
})

const isResult = objectOf({
  ...common,
  kind: t.isLiteral('result'),
  id: isText,
  project: allOf(t.isString(), isRealName),
  task: allOf(t.isString(), isRealName),
  status: t.isEnum(RESULT_STATUSES),
  session: isSessionId,
  branch: t.isOptional(isText),
  head: t.isOptional(isObjectId),
  base: t.isOptional(isObjectId),
  pr: t.isOptional(isText),
  summary: t.isOptional(isText),
  files: t.isArray(isText),
  omitted: t.isOptional(isWhole),
  at: isTime,
})

const isLogEvent = objectOf({
  at: isTime,
  event: t.isString(),
  session: isSessionId,
  keys: t.isOptional(t.isArray(t.isString())),
  omitted: t.isOptional(isWhole),
  by: t.isOptional(t.isString()),
  from: t.isOptional(t.isString()),
  why: t.isOptional(t.isString()),
})

const isMeta = objectOf({ schema: isWhole, minReader: isWhole, id: isText })

/** Checks `value` and says what is wrong with it, or returns it with its type. */
type Check<R> = (value: unknown) => { readonly record: R } | { readonly problem: string }

export const checkSession = checkWith<Session>(isSession)
export const checkLock = checkWith<Lock>(isLock)
export const checkProject = checkWith<Project>(isProject)
export const checkResult = checkWith<Result>(isResult)
export const checkLogEvent = checkWith<LogEvent>(isLogEvent)
export const checkMeta: Check<Meta> = (value) => {
  const checked = checkWith<Omit<Meta, 'kind'>>(isMeta)(value)
  return 'problem' in checked ? checked : { record: { ...checked.record, kind: 'meta' } }
}

function checkWith<R>(validator: t.AnyStrictValidator): Check<R> {
  return (value) => {
    const errors: string[] = []
    if (validator(value, { errors })) return { record: value as R }
    return { problem: (errors[0] ?? 'does not fit its schema').replace(/^\./, '') }
  }
}

function isRealTime(value: string, state?: t.ValidationState): boolean {
  if (ORDINARY_TIME.test(value)) return true
  const date = new Date(value)
  const exists = !Number.isNaN(date.getTime()) && date.toISOString() === value
  return exists || refuse(state, 'expected a date that exists')
}

function isRealKey(value: string, state?: t.ValidationState): boolean {
  try {
    lockName(parseKey(value))
    return true
  } catch {
    return refuse(state, 'expected a key')
  }
}

function isRealName(value: string, state?: t.ValidationState): boolean {
  return nameProblem(value) === null || refuse(state, 'expected a name')
}

/** A directory as its key is printed: nothing that leads out of the repository or into git's own. */
function isRealDirectory(value: string, state?: t.ValidationState): boolean {
  if (!isRealKey(value, state)) return false
  const key = parseKey(value)
  const outside = (part: string) => ['', '.', '..', '.git'].includes(part.toLowerCase())
  const real = key.kind === 'path' && (key.path === '' || !key.path.split('/').some(outside))
  return (real && formatKey(key) === value) || refuse(state, 'expected a directory of the repository')
}

function refuse(state: t.ValidationState | undefined, message: string): false {
  state?.errors?.push(`${state.p ?? '.'}: ${message}`)
  return false
}
