import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { type Git, timeoutFor } from './exec.ts'

/** The hash a repository names its objects by. */
export type ObjectFormat = 'sha1' | 'sha256'

/** What git keeps under an object id; its number in a pack (gitformat-pack). */
const PACK_TYPES = { commit: 1, tree: 2, blob: 3 } as const

export interface NewObject {
  readonly type: keyof typeof PACK_TYPES
  readonly bytes: Uint8Array
}

/** The object id git gives these bytes. */
export function objectId(format: ObjectFormat, { type, bytes }: NewObject): string {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest('hex')
}

/**
 * Writes objects as loose ones with one git process, which syncs them to disk.
 * A pack on standard input needs no temporary file that a kill would leave behind.
 */
export async function writeObjects(
  git: Git,
  format: ObjectFormat,
  objects: readonly NewObject[],
): Promise<void> {
  if (objects.length === 0) return
  await git.output(['-c', 'core.fsync=loose-object,reference', 'unpack-objects', '-q'], {
    input: packOf(format, objects),
    timeout: timeoutFor(objects.length),
  })
}

/**
 * Writes many objects as one pack, which costs one file and one sync where {@link writeObjects} costs one of
 * each for every object. A kill can leave a temporary file that `git gc` removes.
 */
export async function writePack(
  git: Git,
  format: ObjectFormat,
  objects: readonly NewObject[],
): Promise<void> {
  await git.output(['-c', 'core.fsync=pack,pack-metadata', 'index-pack', '--stdin'], {
    input: packOf(format, objects),
  })
}

/** Objects from which on it counts how long each takes. */
const MANY = 500

/** A pack of whole objects (gitformat-pack): header, entries, and the hash of all before. */
function packOf(format: ObjectFormat, objects: readonly NewObject[]): Buffer {
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(objects.length, 8)
  // small objects, each deflated for itself: a small window is as good, and much sooner set up
  const how = objects.length > MANY ? { level: 1, windowBits: 10, memLevel: 3 } : {}
  const entries = objects.flatMap(({ type, bytes }) => [
    entryHeader(PACK_TYPES[type], bytes.length),
    deflateSync(bytes, how),
  ])
  const body = Buffer.concat([header, ...entries])
  return Buffer.concat([body, createHash(format).update(body).digest()])
}

/** Type and size: four bits of the size in the first byte, seven in each that follows, lowest first. */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = []
  let byte = (type << 4) | (size & 0x0f)
  let rest = Math.floor(size / 16)
  while (rest > 0) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, byte])
}
