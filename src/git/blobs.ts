import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import type { BlobId } from '../domain/record.ts'
import type { Git } from './exec.ts'

/** The hash a repository names its objects by. */
export type ObjectFormat = 'sha1' | 'sha256'

/** The object id git gives a blob of these bytes. */
export function blobId(format: ObjectFormat, bytes: Uint8Array): BlobId {
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex') as BlobId
}

/**
 * Writes blobs as loose objects with one git process, which syncs them to disk.
 * A pack on standard input needs no temporary file that a kill would leave behind.
 */
export async function writeBlobs(
  git: Git,
  format: ObjectFormat,
  blobs: readonly Uint8Array[],
): Promise<void> {
  if (blobs.length === 0) return
  await git.output(['-c', 'core.fsync=loose-object,reference', 'unpack-objects', '-q'], {
    input: packOf(format, blobs),
  })
}

const PACK_TYPE_BLOB = 3

/** A pack of whole blobs (gitformat-pack): header, entries, and the hash of all before. */
function packOf(format: ObjectFormat, blobs: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(blobs.length, 8)
  const entries = blobs.flatMap((blob) => [entryHeader(blob.length), deflateSync(blob)])
  const body = Buffer.concat([header, ...entries])
  return Buffer.concat([body, createHash(format).update(body).digest()])
}

/** Type and size: four bits of the size in the first byte, seven in each that follows, lowest first. */
function entryHeader(size: number): Buffer {
  const bytes: number[] = []
  let byte = (PACK_TYPE_BLOB << 4) | (size & 0x0f)
  let rest = Math.floor(size / 16)
  while (rest > 0) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, byte])
}
