import type { ClaimAnswer } from '../domain/claim.ts'
import { formatKey } from '../domain/key.ts'
import { JSON_SCHEMA } from './json.ts'

/** What `claim --json` prints. */
export function claimJson(answer: ClaimAnswer): object {
  return {
    schema: JSON_SCHEMA,
    session: answer.session.id,
    started: answer.before === null,
    keys: answer.keys.map(({ key, already, lock }) => ({
      key: formatKey(key),
      already,
      acquiredAt: lock.acquiredAt,
      ttl: lock.ttl,
      why: lock.why ?? null,
      provisional: lock.provisional ?? false,
    })),
    worktree: answer.worktree ?? null,
    lost: answer.revoked,
  }
}
