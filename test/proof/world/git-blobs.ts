/** Stands in for `src/git/blobs.ts`. */
import type * as real from '../../../src/git/blobs.ts'
import { objectId } from '../../../src/git/objects.ts'
import { putObject } from './objects.ts'

export const blobId: typeof real.blobId = (format, bytes) =>
  objectId(format, { type: 'blob', bytes }) as ReturnType<typeof real.blobId>

export const writeBlobs: typeof real.writeBlobs = async (_, format, blobs) => {
  for (const bytes of blobs) putObject(blobId(format, bytes), Buffer.from(bytes))
}

export const packBlobs: typeof real.packBlobs = async (git, format, blobs) => writeBlobs(git, format, blobs)
