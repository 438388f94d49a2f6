import type { Git } from '../git/exec.ts'
import { listRefs, readRecordObjects } from '../git/refs.ts'
import { decode } from '../store/codec.ts'
import { META_REF } from '../store/ref-names.ts'
import type { Move } from './clone-side.ts'
import type { Sharing } from './sharing.ts'

const REMOTES = 'refs/dw-local/remote'

/**
 * Where the arbiter was known here under another name, what was agreed on with it holds under its new one:
 * otherwise locks that were released there since would be put back. `metaOid` is the blob of its meta.
 */
export async function adoptBase(git: Git, sharing: Sharing, theirMeta: string): Promise<void> {
  const { side, arbiter } = sharing
  const all = await listRefs(git, [REMOTES])
  if (all.some(({ ref }) => ref.startsWith(`${arbiter.refs.base}/`))) return
  const metas = all.filter(({ ref }) => ref.endsWith('/base/meta'))
  const wanted = await metaId(git, theirMeta)
  for (const meta of metas) {
    if (wanted === null || (await metaId(git, meta.oid)) !== wanted) continue
    const root = meta.ref.slice(0, -'/meta'.length)
    const old = all.filter(({ ref }) => ref.startsWith(`${root}/`))
    const moves = old.flatMap(({ ref, oid }): Move[] => [
      { ref: `${arbiter.refs.base}${ref.slice(root.length)}`, from: null, to: oid, groups: [] },
    ])
    await side.move(moves)
    await side.move(old.map(({ ref, oid }): Move => ({ ref, from: oid, to: null, groups: [] })))
    return
  }
}

async function metaId(git: Git, oid: string): Promise<string | null> {
  const [object] = await readRecordObjects(git, [oid])
  const bytes = object?.bytes ?? null
  const meta = bytes === null ? null : decode(META_REF, bytes)
  return meta?.ok && meta.record.kind === 'meta' ? meta.record.id : null
}
