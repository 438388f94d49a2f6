import { execFileSync } from 'node:child_process'
import type { Event, Json } from '../history.ts'
import type { Site } from './site.ts'

const MOST = 2 ** 30

/** All records of a run by object id, from the remote and the clones. */
export class Records {
  readonly #byOid: ReadonlyMap<string, Json>

  private constructor(byOid: ReadonlyMap<string, Json>) {
    this.#byOid = byOid
  }

  /** Reads those that the events name. */
  static read(site: Site, events: readonly Event[]): Records {
    const found = new Map<string, Json>()
    const moves = events.flatMap((event) => ('move' in event ? [event.move] : []))
    const records = moves.filter(({ ref }) => ref.startsWith('refs/dw/') && !ref.startsWith('refs/dw/log/'))
    const wanted = new Set(records.flatMap(({ from, to }) => [from, to].filter((oid) => oid !== null)))
    for (const { gitDir } of [site.remote, ...site.clones]) {
      const missing = [...wanted].filter((oid) => !found.has(oid))
      if (missing.length === 0) break
      const env = site.sandbox.env()
      const input = `${missing.join('\n')}\n`
      const output = execFileSync('git', ['cat-file', '--batch'], {
        cwd: gitDir,
        env,
        input,
        maxBuffer: MOST,
      })
      for (const [oid, record] of objectsIn(output)) found.set(oid, record)
    }
    return new Records(found)
  }

  /** A record; the locks that one claim took are known by what it said why. */
  get(oid: string): Json | null {
    const record = this.#byOid.get(oid)
    if (record === undefined) return null
    return record['kind'] === 'lock' ? { ...record, claim: record['why'] } : record
  }
}

function* objectsIn(output: Buffer): Generator<[string, Json]> {
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at)
    const [oid = '', type, size] = output.toString('utf8', at, end).split(' ')
    at = end + 1
    if (type === 'missing' || size === undefined) continue
    const bytes = output.subarray(at, at + Number(size))
    at += Number(size) + 1
    if (type === 'blob') yield [oid, JSON.parse(bytes.toString('utf8'))]
  }
}
