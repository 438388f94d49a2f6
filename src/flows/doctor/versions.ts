import type { Finding } from '../../domain/finding.ts'
import { OLDEST_GIT } from '../../git/exec.ts'
import { gitVersion, isOlder } from '../../git/version.ts'
import { META_REF } from '../../store/ref-names.ts'
import { STORE_SCHEMA } from '../../store/schema.ts'
import type { Check, Examined } from './examined.ts'

const OLDEST_NODE = '20.19'
const ENGINE = { node: 'node', native: 'bun' }

/** git, Node and git dw, and the layout in which the records were written. */
export const checkVersions: Check = {
  name: 'versions',
  ok: () => '',
  find: async (examined) => {
    const { around, git } = examined.workspace
    const { program, build, engine } = around.versions
    const found = await gitVersion(git)
    const told: Finding = {
      check: 'versions',
      state: 'ok',
      what: `git ${found ?? 'unknown'}, ${ENGINE[build]} ${engine}, git-dw ${program} (${build} build), schema ${STORE_SCHEMA}`,
      meaning: null,
      hint: null,
    }
    const old = (name: string, version: string, oldest: string): Finding[] =>
      isOlder(version, oldest)
        ? [
            {
              check: 'versions',
              state: 'wrong',
              what: `${name} ${version} is too old`,
              meaning: `git dw needs ${name} ${oldest} or newer`,
              hint: `install a newer one, and see that it comes first on the PATH: command -v ${name}`,
            },
          ]
        : []
    return [
      told,
      ...old('git', found ?? OLDEST_GIT, OLDEST_GIT),
      ...(build === 'node' ? old('node', engine, OLDEST_NODE) : []),
      ...newerSchema(examined),
    ]
  },
}

function newerSchema({ ground }: Examined): Finding[] {
  const content = ground.snapshot.get(META_REF)?.content
  if (!content?.ok || content.record.kind !== 'meta' || content.record.schema <= STORE_SCHEMA) return []
  const { schema, minReader } = content.record
  const can = minReader > STORE_SCHEMA ? 'neither read nor write' : 'read, but not write,'
  return [
    {
      check: 'versions',
      state: 'wrong',
      what: `the records here were written with schema ${schema}`,
      meaning: `this git dw knows schema ${STORE_SCHEMA}, and can ${can} them`,
      hint: 'install a newer git dw',
    },
  ]
}
