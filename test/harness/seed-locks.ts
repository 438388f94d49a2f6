import { spawnSync } from 'node:child_process'
import { formatKey, type Key, lockName } from '../../src/domain/key.ts'
import type { Lock, Owner, Session, SessionId } from '../../src/domain/record.ts'
import { blobId } from '../../src/git/blobs.ts'
import { type DwRecord, encode } from '../../src/store/codec.ts'
import { activeRef, lockRef, logRef, type RefName } from '../../src/store/ref-names.ts'
import type { Sandbox } from './sandbox.ts'

/** The variable part of a session's id, letters that ids have. */
const ID_LENGTH = 10

/**
 * Puts `count` live locks into the sandbox's repository, ten (or `each`) to a session, each with `why`; every other session belongs to
 * another clone, as in a shared repository. Each session has a package directory of its own in which it
 * holds files and one directory. One process writes the blobs, one transaction the refs.
 */
export function seedLocks(
  sandbox: Sandbox,
  count: number,
  clone: string,
  { each = 10, why = 'a new layout of this package' } = {},
): void {
  const at = new Date().toISOString()
  const records: [RefName, DwRecord][] = []
  for (let number = 0; records.length < count * 2 && number * each < count; number += 1) {
    const id = `SESS-S${String(number).padStart(ID_LENGTH - 1, '0')}` as SessionId
    const owner: Owner = {
      user: `user-${number % 7}`,
      host: `host-${number % 5}`,
      clone: number % 2 === 0 ? clone : `clone-${number % 5}`,
      agent: `agent-${number}`,
    }
    const keys = keysOf(number, each).slice(0, count - number * each)
    records.push([activeRef(id), sessionOf(id, owner, at)])
    records.push(
      ...keys.map((key): [RefName, DwRecord] => [lockRef(lockName(key)), lockOf(id, owner, key, at, why)]),
    )
    const event = { at, event: 'claim' as const, session: id, keys: keys.map(formatKey) }
    records.push([logRef(id), { kind: 'log', events: [event] }])
  }
  write(sandbox, records)
}

function keysOf(number: number, each: number): Key[] {
  const directory = `packages/team-${number % 20}/package-${number}`
  const files = Array.from({ length: each - 1 }, (_, at) => `${directory}/src/part-${at}.ts`)
  return [...files, `${directory}/test`].map((path) => ({ kind: 'path', path }))
}

function sessionOf(id: SessionId, owner: Owner, at: string): Session {
  const times = { createdAt: at, lastActivity: at }
  return { kind: 'session', id, status: 'active', owner, ...times, ttl: 86_400, fence: 1, revoked: [] }
}

function lockOf(session: SessionId, owner: Owner, key: Key, at: string, why: string): Lock {
  return {
    kind: 'lock',
    id: `LOCK-${session}-${formatKey(key).length}`,
    key: formatKey(key),
    session,
    owner,
    claim: `CLAIM-${session}`,
    acquiredAt: at,
    ttl: 7200,
    why,
  }
}

function write(sandbox: Sandbox, records: readonly (readonly [RefName, DwRecord])[]): void {
  const blobs = records.map(([, record], at) => encode(record, { rev: 1, nonce: `seed-${at}` }))
  const stream = blobs.flatMap((blob) => [`blob\ndata ${blob.length}\n`, blob, '\n'])
  git(sandbox, ['fast-import', '--quiet'], Buffer.concat(stream.map((part) => Buffer.from(part))))
  const refs = records.map(([ref], at) => `create ${ref}\0${blobId('sha1', blobs[at] ?? Buffer.of())}\0`)
  git(sandbox, ['-c', 'core.fsync=none', 'update-ref', '--stdin', '-z'], refs.join(''))
}

function git(sandbox: Sandbox, args: readonly string[], input: Buffer | string): void {
  const result = spawnSync('git', args, { cwd: sandbox.repo, env: sandbox.env(), input })
  if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr.toString('utf8')}`)
}
