import type { BlobId } from '../domain/record.ts'
import type { RemoteStep } from '../git/remote.ts'
import type { DwRecord } from '../store/codec.ts'
import { lockNameOf, type RefName } from '../store/ref-names.ts'
import type { Change } from '../store/store.ts'
import type { Records } from './clone-side.ts'
import type { Pending } from './reconcile.ts'
import type { Sharing } from './sharing.ts'

/** A push that is ready: its steps, the blobs it needs, and what to do here once refs of it were taken. */
export interface Outgoing {
  readonly steps: readonly RemoteStep[]
  readonly bodies: readonly Buffer[]
  /** Moves local and then base to what the arbiter took. */
  readonly settle: (taken: ReadonlySet<string>) => Promise<void>
}

/** Makes a push of what is pending: a provisional lock goes out as a lock, and is one here once it is taken. */
export async function outgoing(sharing: Sharing, pending: readonly Pending[]): Promise<Outgoing> {
  const { side } = sharing
  const candidates = pending.flatMap(({ ref, local }) =>
    local !== null && changesOnItsWay(ref) ? [{ ref, oid: local }] : [],
  )
  const records = await side.records(candidates)
  const changes = candidates.flatMap(({ ref, oid }) => changeOf(sharing, records, ref, oid))
  const staged = side.store.stage(changes)
  const fresh = new Map<string, BlobId | null>(staged.updates.map(({ ref, to }) => [ref, to]))
  const next = ({ ref, local }: Pending) => fresh.get(ref) ?? local
  return {
    steps: pending.map((each) => ({ ref: each.ref, lease: each.lease, to: next(each) })),
    bodies: staged.bodies,
    settle: async (taken) => {
      const landed = pending.filter(({ ref }) => taken.has(ref))
      await side.follow(
        landed.map((each) => ({
          ref: each.ref,
          groups: each.groups,
          local: { from: each.local, to: next(each) },
          base: { from: each.lease, to: next(each) },
        })),
        staged.bodies,
      )
    },
  }
}

function changesOnItsWay(ref: RefName): boolean {
  return lockNameOf(ref) !== null || ref.startsWith('refs/dw/active/') || ref.startsWith('refs/dw/ended/')
}

function changeOf(sharing: Sharing, records: Records, ref: RefName, oid: BlobId): Change[] {
  const record = records.get(oid)
  if (record === null) return []
  const { provisional, ...rest } = { provisional: false, ...record }
  const settled = (provisional ? rest : record) as DwRecord
  const to = sharing.asShared(settled)
  return to === record ? [] : [{ ref, from: records.entry(ref, oid), to }]
}
