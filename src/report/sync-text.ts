import { printable } from '../domain/printable.ts'
import { JSON_SCHEMA } from './json.ts'

/** A sync as reports show it. */
export interface SyncView {
  readonly received: readonly string[]
  readonly sent: readonly string[]
  readonly lost: readonly { readonly lock: { readonly key: string }; readonly by: string }[]
  readonly waiting: readonly string[]
  readonly unreadable: readonly string[]
}

/** What `git dw sync` prints: what came in, what went out, and each lock that was lost. */
export function syncText(view: SyncView): string {
  const counts = [
    ...counted('received', view.received),
    ...counted('sent', view.sent),
    ...counted('left for the next sync:', view.waiting),
  ]
  const lines = [
    counts.length === 0 ? 'nothing to exchange' : counts.join('; '),
    ...view.lost.map(({ lock, by }) => `lost: "${lock.key}" to ${by}: the remote decided otherwise`),
    ...view.unreadable.map((ref) => `left alone: the record at "${ref}" cannot be read (DW_CORRUPT_STATE)`),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

/** What `git dw sync --json` prints. */
export function syncJson(view: SyncView): object {
  return { schema: JSON_SCHEMA, ...syncFields(view) }
}

/** The fields of a sync, also as a part of other answers. */
export function syncFields({ received, sent, lost, waiting, unreadable }: SyncView): object {
  return {
    received,
    sent,
    lost: lost.map(({ lock, by }) => ({ key: lock.key, by })),
    waiting,
    unreadable,
  }
}

const KINDS: readonly (readonly [RegExp, string, string])[] = [
  [/^refs\/dw\/(?:active|ended)\//, 'session', 'sessions'],
  [/^refs\/dw\/locks\//, 'lock', 'locks'],
  [/^refs\/dw\/log\//, 'log', 'logs'],
]

function counted(what: string, refs: readonly string[]): string[] {
  if (refs.length === 0) return []
  const parts = KINDS.flatMap(([pattern, one, many]) => {
    const count = refs.filter((ref) => pattern.test(ref)).length
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`]
  })
  const others = refs.filter((ref) => !KINDS.some(([pattern]) => pattern.test(ref))).length
  const rest = others === 0 ? [] : [`${others} other${others === 1 ? '' : 's'}`]
  return [`${what} ${[...parts, ...rest].join(', ')}`]
}
