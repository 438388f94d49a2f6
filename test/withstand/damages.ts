import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Sandbox } from '../harness/sandbox.ts'

/** Damages what a ref holds; `sound` is the record that would be right there. */
export type Damage = (sandbox: Sandbox, ref: string, sound: object) => Promise<void>

const refFile = (sandbox: Sandbox, ref: string) => join(sandbox.repo, '.git', ref)

async function point(sandbox: Sandbox, ref: string, oid: string): Promise<void> {
  await sandbox.git(['update-ref', ref, oid])
}

const blob = async (sandbox: Sandbox, input: string) =>
  sandbox.git(['hash-object', '-w', '--stdin'], { input })

const text =
  (textOf: (sound: object) => string): Damage =>
  async (sandbox, ref, sound) =>
    point(sandbox, ref, await blob(sandbox, textOf(sound)))

const file =
  (content: string): Damage =>
  async (sandbox, ref) => {
    rmSync(refFile(sandbox, ref), { force: true })
    mkdirSync(dirname(refFile(sandbox, ref)), { recursive: true })
    writeFileSync(refFile(sandbox, ref), content)
  }

const object =
  (revision: string): Damage =>
  async (sandbox, ref) =>
    point(sandbox, ref, await sandbox.git(['rev-parse', revision]))

/** A blob of its own whose object file `harm` then harms. */
const objectFile =
  (harm: (path: string) => void): Damage =>
  async (sandbox, ref, sound) => {
    const oid = await blob(sandbox, JSON.stringify({ ...sound, nonce: `of ${ref}` }))
    await point(sandbox, ref, oid)
    const path = join(sandbox.repo, '.git/objects', oid.slice(0, 2), oid.slice(2))
    chmodSync(path, 0o644)
    harm(path)
  }

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** Every way in which a record can be none, with a word for each that fits into a ref. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  'no-json': text(() => 'not json\n'),
  'cut-off': text((sound) => JSON.stringify(sound).slice(0, -9)),
  array: text(() => '[1,2]\n'),
  null: text(() => 'null\n'),
  empty: text(() => ''),
  binary: text((sound) => `\u0000${JSON.stringify(sound)}`),
  kind: text((sound) => JSON.stringify({ ...sound, kind: 'lamp' })),
  fields: text((sound) => JSON.stringify({ ...sound, rev: 'many', id: 7 })),
  large: text((sound) => JSON.stringify({ ...sound, extra: 'x'.repeat(300 * 1024) })),
  nested: text((sound) => JSON.stringify(sound).replace(/\}$/, `,"extra":${nested(5000)}}`)),
  missing: objectFile((path) => rmSync(path)),
  garbage: objectFile((path) => writeFileSync(path, 'garbage')),
  tree: object('HEAD^{tree}'),
  commit: object('HEAD'),
  tag: object('v1'),
  'file-empty': file(''),
  'file-odd': file('0123456789\n'),
  dangling: file('ref: refs/heads/nothing\n'),
  newer: text((sound) => JSON.stringify({ ...sound, v: 2 })),
}

export const DAMAGE_NAMES = Object.keys(DAMAGES)

/** Damages `refOf(name)` in every way, each ref in its own. */
export async function damageAll(
  sandbox: Sandbox,
  refOf: (name: string) => string,
  soundOf: (name: string) => object | Promise<object>,
  names: readonly string[] = DAMAGE_NAMES,
): Promise<void> {
  for (const name of names) await DAMAGES[name]?.(sandbox, refOf(name), await soundOf(name))
}

/** The code of the error that names a record so damaged. */
export const codeOf = (name: string) => (name === 'newer' ? 'DW_SCHEMA' : 'DW_CORRUPT_STATE')
