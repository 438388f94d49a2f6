import type { Sandbox } from '../harness/sandbox.ts'

/** A lock as its ref holds it; `name` is the ref's under `refs/dw/locks/`. */
export interface TrueLock {
  readonly name: string
  readonly oid: string
  readonly session: string
  readonly ttl: number
}

export interface TrueSession {
  readonly ended: boolean
  readonly endedBy?: string
  readonly lastActivity: string
  readonly revoked: readonly { readonly key: string; readonly lock: string; readonly by: string }[]
}

/** Locks and sessions read with git alone and judged by the rules of design §5, without the program's own code. */
export class GroundTruth {
  readonly locks: readonly TrueLock[]
  readonly sessions: ReadonlyMap<string, TrueSession>

  private constructor(locks: readonly TrueLock[], sessions: ReadonlyMap<string, TrueSession>) {
    this.locks = locks
    this.sessions = sessions
  }

  static async of(sandbox: Sandbox): Promise<GroundTruth> {
    const format = '--format=%(refname)%00%(objectname)%00%(raw)%00'
    const roots = ['active', 'ended', 'locks'].map((root) => `refs/dw/${root}`)
    const fields = (await sandbox.git(['for-each-ref', format, ...roots])).split('\0')
    const locks: TrueLock[] = []
    const sessions = new Map<string, TrueSession>()
    for (let at = 0; at + 2 < fields.length; at += 3) {
      const ref = (fields[at] ?? '').trim()
      const record = JSON.parse(fields[at + 2] ?? '')
      if (ref.startsWith('refs/dw/locks/')) {
        const { session, ttl } = record
        locks.push({ name: ref.slice('refs/dw/locks/'.length), oid: fields[at + 1] ?? '', session, ttl })
      } else {
        // refs come by name: ended/ after active/, and wins
        sessions.set(record.id, { ...record, ended: record.status !== 'active' })
      }
    }
    return new GroundTruth(locks, sessions)
  }

  /** Whether the lock counts still, at a time in milliseconds. */
  isGood(lock: TrueLock, now: number): boolean {
    const session = this.sessions.get(lock.session)
    if (session === undefined || session.ended || this.isVoid(lock)) return false
    return now - Date.parse(session.lastActivity) <= lock.ttl * 1000
  }

  /** Whether its session's record says that it was taken. */
  isVoid(lock: TrueLock): boolean {
    return this.sessions.get(lock.session)?.revoked.some(({ lock: oid }) => oid === lock.oid) ?? false
  }

  /** The good locks on the lines of `names`, at a time in milliseconds. */
  inTheWay(names: readonly string[], now: number): TrueLock[] {
    return this.locks.filter(
      (lock) => names.some((name) => onOneLine(name, lock.name)) && this.isGood(lock, now),
    )
  }

  /** Pairs of locks on one line: there must be none, whoever holds them. */
  collisions(): string[] {
    return this.locks.flatMap(({ name }) =>
      this.locks.filter((other) => other.name.startsWith(`${name}/`)).map((other) => `${name} ${other.name}`),
    )
  }
}

function onOneLine(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)
}
