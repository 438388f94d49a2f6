import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'

/** Writes a commit on top of `parent` in which `path` is the only file, without git: its object id, null where the disk is full. */
export function writeCommit(gitDir: string, parent: string, path: string, text: string): string | null {
  try {
    return written(gitDir, parent, path, text)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return null
    throw error
  }
}

function written(gitDir: string, parent: string, path: string, text: string): string {
  const [name = '', ...above] = path.split('/').reverse()
  let oid = writeObject(gitDir, 'tree', entry('100644', name, writeObject(gitDir, 'blob', Buffer.from(text))))
  for (const directory of above) oid = writeObject(gitDir, 'tree', entry('40000', directory, oid))
  const who = 'Ann <ann@example.com> 1767323045 +0000'
  const commit = `tree ${oid}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\nwrite ${path}\n`
  return writeObject(gitDir, 'commit', Buffer.from(commit))
}

function entry(mode: string, name: string, oid: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')])
}

function writeObject(gitDir: string, type: string, bytes: Buffer): string {
  const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes])
  const oid = createHash('sha1').update(whole).digest('hex')
  const file = join(gitDir, 'objects', oid.slice(0, 2), oid.slice(2))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, deflateSync(whole, { level: 1 }))
  return oid
}
