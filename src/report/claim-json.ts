import { formatKey, type Key } from '../domain/key.ts'
import type { Lock, Revocation, Session } from '../domain/record.ts'
import { JSON_SCHEMA } from './json.ts'

interface ClaimView {
  readonly session: Session
  readonly started: boolean
  readonly keys: readonly { readonly key: Key; readonly already: boolean; readonly lock: Lock }[]
  readonly revoked: readonly Revocation[]
  readonly worktree?: {
    readonly path: string
    readonly branch: string
    readonly base: string
    readonly created: boolean
  }
}

/** What `claim --json` prints. */
export function claimJson(answer: ClaimView): object {
  return {
    schema: JSON_SCHEMA,
    session: answer.session.id,
    started: answer.started,
    keys: answer.keys.map(({ key, already, lock }) => ({
      key: formatKey(key),
      already,
      acquiredAt: lock.acquiredAt,
      ttl: lock.ttl,
      why: lock.why ?? null,
    })),
    worktree: answer.worktree ?? null,
    lost: answer.revoked,
  }
}
