import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { blobId } from '../../src/git/blobs.ts'

/** Writes a blob into a repository without git; its object id. */
export function writeBlob(gitDir: string, content: string | Uint8Array): string {
  const bytes = Buffer.from(content)
  const oid = blobId('sha1', bytes)
  const file = join(gitDir, 'objects', oid.slice(0, 2), oid.slice(2))
  const text = Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes])
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, deflateSync(text, { level: 1 }))
  return oid
}

/** Writes a ref's own file without git. */
export function writeRef(gitDir: string, ref: string, oid: string): void {
  mkdirSync(dirname(join(gitDir, ref)), { recursive: true })
  writeFileSync(join(gitDir, ref), `${oid}\n`)
}
