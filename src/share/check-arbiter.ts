import { DwError } from '../domain/error.ts'
import type { Session } from '../domain/record.ts'
import type { DwRecord } from '../store/codec.ts'
import { ACTIVE_REF, META_REF, type RefName } from '../store/ref-names.ts'
import { STORE_SCHEMA } from '../store/schema.ts'
import type { Records } from './clone-side.ts'
import { cameAfterItsEnd } from './plan.ts'
import type { Sharing } from './sharing.ts'
import { sessionOf, type View } from './views.ts'

/**
 * Refuses an arbiter whose records are not those that this clone knew: there the absence of a ref means
 * nothing (design §7). Its meta is gone or has another id, or a session's fence went back, which only an
 * old copy does. Throws DW_REMOTE_RESET, and DW_SCHEMA for records of a newer layout.
 */
export async function checkArbiter(sharing: Sharing, views: ReadonlyMap<RefName, View>): Promise<void> {
  const { side, arbiter } = sharing
  const meta = views.get(META_REF)
  const moved = [...views.values()].filter(
    ({ ref, base, remote }) =>
      base !== remote && base !== null && remote !== null && ref.startsWith(`${ACTIVE_REF}/`),
  )
  const looked = meta === undefined || meta.base === meta.remote ? moved : [meta, ...moved]
  const records = await side.records(
    looked.flatMap(({ ref, base, remote }) =>
      [base, remote].flatMap((oid) => (oid === null ? [] : [{ ref, oid }])),
    ),
  )
  if (meta !== undefined && meta.base !== meta.remote) {
    const theirs = meta.remote === null ? null : records.get(meta.remote)
    if (theirs !== null) refuseNewer(theirs)
    if (meta.base !== null && meta.remote === null) throw arbiter.reset('are gone')
    if (meta.base !== null && idOf(theirs) !== idOf(records.get(meta.base))) {
      throw arbiter.reset('are not those that this clone knew')
    }
  }
  const back = moved.find((view) => {
    if (cameAfterItsEnd(view, views, records.readSide)) return false
    const [before, now] = [sessionAt(records, view, 'base'), sessionAt(records, view, 'remote')]
    // one that was dropped and started again under its id counts from the beginning
    return before !== null && now?.createdAt === before.createdAt && now.fence < before.fence
  })
  if (back !== undefined) throw arbiter.reset('are older than what it had before')
}

function sessionAt(records: Records, view: View, side: 'base' | 'remote'): Session | null {
  const oid = view[side]
  return oid === null ? null : sessionOf(records.get(oid))
}

function idOf(record: DwRecord | null): string | null {
  return record?.kind === 'meta' ? record.id : null
}

function refuseNewer(record: DwRecord): void {
  if (record.kind !== 'meta' || Math.max(record.schema, record.minReader) <= STORE_SCHEMA) return
  const { schema, minReader } = record
  throw new DwError('DW_SCHEMA', `the records on the remote were written with schema ${schema}`, {
    hints: ['install a newer git dw'],
    details: { schema, minReader },
  })
}
