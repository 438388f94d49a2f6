import type { BlobId } from '../domain/record.ts'
import { BlobStream, type Head, TOO_MANY_BYTES } from './blob-stream.ts'
import { type Git, timeoutFor } from './exec.ts'

/** What a ref points at. `bytes` is null when the object is missing, is no blob, or is larger than any record. */
export interface RefBlob {
  readonly ref: string
  readonly oid: BlobId
  /** What kind of object it is; null when it is missing or cannot be unpacked. */
  readonly type: string | null
  readonly bytes: Buffer | null
}

/** One step of a ref transaction; null stands for "absent". */
export interface RefUpdate {
  readonly ref: string
  readonly from: BlobId | null
  readonly to: BlobId | null
}

/** Proof against the user's configuration (design §6). */
const WRITE_CONFIG = [
  'core.filesRefLockTimeout=2000',
  'core.packedRefsTimeout=2000',
  'reftable.lockTimeout=5000',
  'core.hooksPath=/dev/null',
  // hooks that stand in the configuration (git 2.54)
  'hook.reference-transaction.enabled=false',
  'core.logAllRefUpdates=false',
  // else git looks for a ref of the name of each object id, in twelve places
  'core.warnAmbiguousRefs=false',
].flatMap((setting) => ['-c', setting])

/** Longest list of patterns in one command line, in bytes. */
const MAX_PATTERN_BYTES = 96 * 1024

/** Reads refs and the blobs they point at: each of `roots`, with everything below it. */
export async function readRefs(git: Git, roots: readonly string[]): Promise<RefBlob[]> {
  const parts = await Promise.all(batches(roots).map((batch) => readBatch(git, batch)))
  return parts.flat()
}

async function readBatch(git: Git, roots: readonly string[]): Promise<RefBlob[]> {
  const found: RefBlob[] = []
  const stream = new BlobStream<Omit<RefBlob, 'bytes'>>(headOfRef, (what, bytes) =>
    found.push({ ...what, bytes: what.type === 'blob' ? bytes : null }),
  )
  const format = '%(refname)%00%(objectname)%00%(objecttype)%00%(raw:size)%00%(raw)'
  const options = { records: true, each: (chunk: Buffer) => stream.take(chunk) }
  const result = await git.run(['for-each-ref', `--format=${format}`, ...roots], options)
  if (result.status === 0 && !stream.isTooMuch) return found
  // one missing object ends the listing, and huge ones do: names first, then each body for itself
  const names = await listRefs(git, roots)
  const bodies = await readRecordObjects(
    git,
    names.map(({ oid }) => oid),
  )
  return names.map(({ ref, oid }, at) => {
    const { type = null, bytes = null } = bodies[at] ?? {}
    return { ref, oid, type, bytes }
  })
}

/** The ref's name, its object's id, type and size, each with the NUL that ends it. */
function headOfRef(output: Buffer, at: number): Head<Omit<RefBlob, 'bytes'>> | null {
  const ends: number[] = []
  for (let from = at; ends.length < 4; ) {
    const end = output.indexOf(0, from)
    if (end < 0) return null
    ends.push(end)
    from = end + 1
  }
  const [name = 0, id = 0, kind = 0, size = 0] = ends
  const what = {
    ref: output.toString('utf8', at, name),
    oid: output.toString('latin1', name + 1, id) as BlobId,
    type: output.toString('latin1', id + 1, kind),
  }
  return { what, start: size + 1, size: Number(output.toString('latin1', kind + 1, size)) }
}

/** Lists refs by name only; it never opens an object, so damage cannot stop it. */
export async function listRefs(
  git: Git,
  patterns: readonly string[],
): Promise<{ ref: string; oid: BlobId }[]> {
  const parts = await Promise.all(
    batches(patterns).map((batch) =>
      git.output(['for-each-ref', '--format=%(refname)%00%(objectname)', ...batch], { records: true }),
    ),
  )
  const lines = parts.flatMap((part) =>
    part
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== ''),
  )
  return lines.map((line) => {
    const [ref = '', oid = ''] = line.split('\0')
    return { ref, oid: oid as BlobId }
  })
}

/** A pattern for `git for-each-ref` that fits `ref` alone and nothing below it. */
export function exactly(ref: string): string {
  return `${ref.slice(0, -1)}[${ref.slice(-1)}]`
}

/** An object as it was read by name; `bytes` is null for what is no blob or cannot be unpacked. */
export interface NamedObject {
  /** Empty for an object that cannot be unpacked. */
  readonly oid: BlobId
  readonly type: string | null
  readonly bytes: Buffer | null
}

/** {@link readObjects}, but for objects that are too large to be records: of those, `bytes` is null. */
export async function readRecordObjects(git: Git, names: readonly string[]): Promise<(NamedObject | null)[]> {
  if (names.length === 0) return []
  const found: (NamedObject | null)[] = []
  const stream = new BlobStream<Omit<NamedObject, 'bytes'> | null>(headOfObject, (what, bytes) =>
    found.push(what && { ...what, bytes: what.type === 'blob' ? bytes : null }),
  )
  const input = `${names.join('\n')}\n`
  const whole = { input, records: true, each: (chunk: Buffer) => stream.take(chunk) }
  const result = await git.run(['cat-file', '--batch'], whole)
  if (result.status === 0 && !stream.isTooMuch) return found
  const sizes = await git.run(['cat-file', '--batch-check'], { input, records: true })
  if (sizes.status !== 0) return readObjects(git, names)
  const heads = sizes.stdout.toString('utf8').split('\n')
  const isLarge = names.map((_, at) => Number((heads[at] ?? '').split(' ')[2]) > TOO_MANY_BYTES)
  const rest = await readObjects(
    git,
    names.filter((_, at) => !isLarge[at]),
  )
  let next = 0
  return heads.slice(0, names.length).map((head, at) => {
    if (!isLarge[at]) return rest[next++] ?? null
    const [oid = '', type = ''] = head.split(' ')
    return { oid: oid as BlobId, type, bytes: null }
  })
}

/** Reads objects by name, in order: refs or object ids. Null stands for a name that is not there. */
export async function readObjects(git: Git, names: readonly string[]): Promise<(NamedObject | null)[]> {
  if (names.length === 0) return []
  const result = await git.run(['cat-file', '--batch'], { input: `${names.join('\n')}\n`, records: true })
  if (result.status === 0) return parseObjects(names.length, result.stdout)
  if (names.length === 1) return [{ oid: '' as BlobId, type: null, bytes: null }]
  // one object that cannot be unpacked ends the stream: halves find it
  const half = Math.ceil(names.length / 2)
  return [...(await readObjects(git, names.slice(0, half))), ...(await readObjects(git, names.slice(half)))]
}

function parseObjects(count: number, output: Buffer): (NamedObject | null)[] {
  let at = 0
  return Array.from({ length: count }, () => {
    const end = output.indexOf(10, at)
    const [oid = '', type = '', size] = output.toString('utf8', at, end).split(' ')
    at = end + 1
    if (size === undefined) return null
    const bytes = output.subarray(at, at + Number(size))
    at += Number(size) + 1
    return { oid: oid as BlobId, type, bytes: type === 'blob' ? bytes : null }
  })
}

/** A line of id, type and size; of a name that is not there, another. */
function headOfObject(output: Buffer, at: number): Head<Omit<NamedObject, 'bytes'> | null> | null {
  const end = output.indexOf(10, at)
  if (end < 0) return null
  const [oid = '', type = '', size] = output.toString('utf8', at, end).split(' ')
  if (size === undefined) return { what: null, start: end + 1, size: null }
  return { what: { oid: oid as BlobId, type }, start: end + 1, size: Number(size) }
}

/** Resolves names to object ids in one process, in order; null where a name resolves to nothing. */
export async function resolveNames(git: Git, names: readonly string[]): Promise<(string | null)[]> {
  const output = await git.output(['cat-file', '--batch-check=%(objectname)'], {
    input: `${names.join('\n')}\n`,
  })
  const lines = output.toString('utf8').split('\n')
  return names.map((_, at) => {
    const line = lines[at] ?? ''
    return /^[0-9a-f]{40,64}$/.test(line) ? line : null
  })
}

/**
 * How a transaction gets to disk: each ref for itself, before git says that it is done; all of them written
 * out, so that a power cut leaves none half-written, while the caller sees to the disk's own cache once; or
 * `later`, when the caller syncs: until then, a power cut can leave empty files.
 */
export type Durability = 'each' | 'together' | 'later'

const FSYNC: Readonly<Record<Durability, readonly string[]>> = {
  each: ['-c', 'core.fsync=loose-object,reference'],
  together: ['-c', 'core.fsync=loose-object,reference', '-c', 'core.fsyncMethod=writeout-only'],
  later: ['-c', 'core.fsync=none'],
}

/** What became of a transaction, and of the one after it. */
export interface RefsUpdated {
  readonly committed: boolean
  /** Whether the transaction after it was committed, too; true where there was none. */
  readonly followed: boolean
  /** What git said; only ever shown. */
  readonly said: string
}

/**
 * Runs one `git update-ref` transaction: all or none. `then` is a second one in the same process, begun when
 * the first has been committed. Git would commit at the end of its input, also where that is cut off by our
 * death; hence the explicit "commit".
 */
export async function updateRefs(
  git: Git,
  updates: readonly RefUpdate[],
  options: { readonly durability?: Durability; readonly then?: readonly RefUpdate[] } = {},
): Promise<RefsUpdated> {
  const { durability = 'each', then = [] } = options
  const input = transaction(updates) + (then.length === 0 ? '' : transaction(then))
  const { status, stdout, stderr } = await git.run(
    [...FSYNC[durability], ...WRITE_CONFIG, 'update-ref', '--no-deref', '--stdin', '-z'],
    { input, timeout: timeoutFor(updates.length + then.length) },
  )
  // git answers each command of a transaction with a line of its own
  const isCommitted = stdout.toString('latin1').split('\n').includes('commit: ok')
  return { committed: status === 0 || isCommitted, followed: status === 0, said: stderr }
}

function transaction(updates: readonly RefUpdate[]): string {
  const commands = updates.map(({ ref, from, to }) => {
    if (to === null) return `delete ${ref}\0${from ?? ''}\0`
    if (from === null) return `create ${ref}\0${to}\0`
    return `update ${ref}\0${to}\0${from}\0`
  })
  return ['start\0', ...commands, 'commit\0'].join('')
}

/** Whether one git process lists all of `patterns`, and so in the order of their names. */
export function fitOneListing(patterns: readonly string[]): boolean {
  return batches(patterns).length <= 1
}

function batches(patterns: readonly string[]): string[][] {
  const all: string[][] = []
  let room = 0
  for (const pattern of patterns) {
    room -= pattern.length + 1
    if (room < 0) {
      all.push([])
      room = MAX_PATTERN_BYTES - pattern.length - 1
    }
    all.at(-1)?.push(pattern)
  }
  return all
}

/** Creates a ref of this machine's own, outside `refs/dw`; false when it was there. */
export async function createRef(git: Git, ref: string, oid: string): Promise<boolean> {
  return (await updateRefs(git, [{ ref, from: null, to: oid as BlobId }])).committed
}

/** Deletes a ref of this machine's own that still points at `oid`; whether it did. */
export async function deleteRef(git: Git, ref: string, oid: string): Promise<boolean> {
  return (await updateRefs(git, [{ ref, from: oid as BlobId, to: null }])).committed
}

/** How many commits `commit` has that `base` has not, and the other way round. */
export async function aheadBehind(
  git: Git,
  commit: string,
  base: string,
): Promise<{ ahead: number; behind: number }> {
  const output = await git.output(['rev-list', '--left-right', '--count', `${commit}...${base}`, '--'])
  const [ahead = '0', behind = '0'] = output.toString('utf8').trim().split('\t')
  return { ahead: Number(ahead), behind: Number(behind) }
}
