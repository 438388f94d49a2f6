import { join, relative } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatKey } from '../../src/domain/key.ts'
import { showKey } from '../../src/flows/path-key.ts'
import type { Workspace } from '../../src/flows/workspace.ts'
import { componentNames } from '../domain/arbitrary.ts'

const TOP = '/home/ann/repo'

/** As much of a workspace as showing a key takes. */
function workspaceAt(cwd: string): Workspace {
  return { repository: { toplevel: TOP }, around: { cwd } } as unknown as Workspace
}

test('a path is shown relative to the current directory, at the top as below it', () => {
  const parts = fc.oneof(fc.constantFrom('', '.', '..', 'a', '...', '.a', '-a', ':(top)'), componentNames)
  const paths = fc.array(parts, { maxLength: 5 }).map((each) => each.join('/'))
  fc.assert(
    fc.property(paths, fc.constantFrom(TOP, `${TOP}/a`, `${TOP}/a/b`, '/home'), (path, cwd) => {
      const shown = formatKey({ kind: 'path', path: relative(cwd, join(TOP, path)) })
      expect(showKey(workspaceAt(cwd), { kind: 'path', path })).toBe(shown)
    }),
    { numRuns: 3000 },
  )
})
