import type { BlobId } from '../domain/record.ts'
import type { Git } from './exec.ts'
import { type ObjectFormat, objectId, writeObjects, writePack } from './objects.ts'

/** The object id git gives a blob of these bytes. */
export function blobId(format: ObjectFormat, bytes: Uint8Array): BlobId {
  return objectId(format, { type: 'blob', bytes }) as BlobId
}

/** Writes blobs, see {@link writeObjects}. */
export async function writeBlobs(
  git: Git,
  format: ObjectFormat,
  blobs: readonly Uint8Array[],
): Promise<void> {
  await writeObjects(
    git,
    format,
    blobs.map((bytes) => ({ type: 'blob', bytes })),
  )
}

/** Writes many blobs as one pack, see {@link writePack}. */
export async function packBlobs(git: Git, format: ObjectFormat, blobs: readonly Uint8Array[]): Promise<void> {
  await writePack(
    git,
    format,
    blobs.map((bytes) => ({ type: 'blob', bytes })),
  )
}
