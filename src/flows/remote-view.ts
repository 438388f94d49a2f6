import { DwError } from '../domain/error.ts'
import { type Key, type LockName, lockName, parseNamedKey } from '../domain/key.ts'
import { hasMagic } from '../domain/pathspec.ts'
import type { RemoteView } from '../reader/read-remote.ts'
import type { Surroundings } from './surroundings.ts'

/** Said with every answer: it is more careful than a clone that has watched. */
export const FROM_AFAR =
  'read from afar: a lock counts as expired only after its ttl and as long again, an hour at least'

/**
 * The sessions and locks of the repository at `url`, without git and without a clone; `DW_TOKEN` is shown
 * to a server that asks. Throws DW_USAGE where `--session` is given, too, and what reading throws.
 */
export async function readRemoteView(
  around: Surroundings,
  url: string,
  request: { readonly session?: string },
): Promise<RemoteView> {
  if (request.session !== undefined) {
    throw new DwError('DW_USAGE', '--session says nothing about a repository elsewhere', {
      hints: ['leave it out with --remote: nobody is you there'],
    })
  }
  // isomorphic-git is large: it is loaded only here
  const { readRemote } = await import('../reader/read-remote.ts')
  const token = around.env['DW_TOKEN']
  const { signal } = around
  return readRemote({ url, now: around.now(), signal, ...(token === undefined ? {} : { token }) })
}

/**
 * The places that arguments name where there is no worktree: keys as they are printed, and paths from the
 * repository's top. Throws DW_USAGE for pathspecs, which only a clone can match, and paths that lead out.
 */
export function placesFromTop(arguments_: readonly string[]): LockName[] {
  return arguments_.map((argument) => lockName(parseNamedKey(argument) ?? pathFromTop(argument)))
}

function pathFromTop(argument: string): Key {
  const fromTop = argument.replace(/^:\/(?!\/)/, '')
  if (argument === '' || hasMagic(fromTop)) {
    throw new DwError('DW_USAGE', `"${argument}" cannot be matched without a clone`, {
      hints: ["name files or directories from the repository's top"],
    })
  }
  const parts: string[] = []
  for (const part of fromTop.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined || fromTop.startsWith('/')) throw outside(argument)
  }
  if (fromTop.startsWith('/')) throw outside(argument)
  return { kind: 'path', path: parts.join('/') }
}

function outside(argument: string): DwError {
  return new DwError('DW_USAGE', `"${argument}" is outside the repository`, {
    hints: ["with --remote, paths count from the repository's top"],
  })
}
