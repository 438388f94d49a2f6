import { randomUUID } from 'node:crypto'
import { DwError } from '../domain/error.ts'
import type { Vantage } from '../domain/lease.ts'
import { ACTIVE_REF, ENDED_REF, endedRef, LOCKS_REF, META_REF, type RefName } from '../store/ref-names.ts'
import { STORE_SCHEMA } from '../store/schema.ts'
import { parseAddress } from './address.ts'
import type { CredentialSources } from './credentials.ts'
import { RemoteHttp } from './http.ts'
import { type Judged, judge, unreadSessions } from './judge.ts'
import { RemoteProblems } from './problems.ts'
import { type Entry, RemoteRefs } from './remote-refs.ts'

/** How long reading may take in all unless told, in seconds. */
const DEFAULT_TIMEOUT = 30

export interface RemoteRequest extends CredentialSources {
  readonly url: string
  /** Sessions that have ended, too. */
  readonly ended?: boolean
  /** In seconds. */
  readonly timeout?: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly signal?: AbortSignal
}

/** The records of a repository elsewhere, judged from here. */
export interface RemoteView extends Judged {
  /** Without credentials. */
  readonly url: string
  /** No clone's: a lease is judged by its record, with the time that another's clock is given. */
  readonly vantage: Vantage
}

/**
 * Reads the sessions and locks of a repository over smart HTTP, without git, a clone or a file. Throws
 * DW_USAGE for a URL that is not https, DW_NOT_FOUND where there is no `refs/dw`, DW_REMOTE, DW_OFFLINE,
 * DW_SCHEMA, and the reason of `signal`.
 */
export async function readRemote(request: RemoteRequest): Promise<RemoteView> {
  const address = parseAddress(request.url)
  const problems = new RemoteProblems(address.url)
  const { timeout = DEFAULT_TIMEOUT, signal, now } = request
  return within(timeout, problems, signal, async (bounded) => {
    const http = new RemoteHttp(address, { sources: request, problems, signal: bounded })
    const remote = new RemoteRefs(address.url, http, problems)
    const entries = await readEntries(remote, request.ended === true, problems)
    checkSchema(entries.get(META_REF))
    // a clone's id that no record can have guessed: every session counts as another clone's
    const vantage: Vantage = { clone: randomUUID(), now, observed: new Map() }
    return { url: address.url, vantage, ...judge(entries, vantage) }
  })
}

async function readEntries(
  remote: RemoteRefs,
  ended: boolean,
  problems: RemoteProblems,
): Promise<Map<RefName, Entry>> {
  const refs = await remote.list()
  if (refs.size === 0) throw problems.noRecords()
  const isWanted = (ref: RefName) =>
    ref === META_REF ||
    ref.startsWith(`${LOCKS_REF}/`) ||
    ref.startsWith(`${ACTIVE_REF}/`) ||
    // one that has ended wins over the same as active
    (ref.startsWith(`${ENDED_REF}/`) && (ended || refs.has(ref.replace(ENDED_REF, ACTIVE_REF) as RefName)))
  const wanted = [...refs].filter(([ref]) => isWanted(ref))
  const entries = new Map((await remote.read(new Map(wanted))).map((entry) => [entry.ref, entry]))
  const more = unreadSessions(entries).flatMap(
    (id): [RefName, NonNullable<ReturnType<typeof refs.get>>][] => {
      const oid = refs.get(endedRef(id))
      return oid === undefined ? [] : [[endedRef(id), oid]]
    },
  )
  for (const entry of await remote.read(new Map(more))) entries.set(entry.ref, entry)
  return entries
}

/** Refuses records that this program is too old for (design §4); a damaged meta record is named instead. */
function checkSchema(meta: Entry | undefined): void {
  if (!meta?.content.ok || meta.content.record.kind !== 'meta') return
  const { schema, minReader } = meta.content.record
  if (minReader <= STORE_SCHEMA) return
  throw new DwError(
    'DW_SCHEMA',
    `the records there were written with schema ${schema}; this one can read schema ${STORE_SCHEMA}`,
    { hints: ['install a newer git dw'], details: { schema, minReader } },
  )
}

/** Runs `work` with a signal that is aborted after `seconds` or with `outer`; then its reason is thrown. */
async function within<T>(
  seconds: number,
  problems: RemoteProblems,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const interrupt = () => controller.abort(outer?.reason)
  outer?.addEventListener('abort', interrupt)
  const timer = setTimeout(() => controller.abort(problems.late(seconds)), seconds * 1000)
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason))
  })
  try {
    return await Promise.race([work(controller.signal), aborted])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', interrupt)
  }
}
