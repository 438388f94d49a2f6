import type { Sandbox } from '../test/harness/sandbox.ts'
import { LAUNCHER } from '../test/process/counted-git.ts'

/**
 * The least that git itself takes for a change that is shared, without the program: what a bar of ours can be
 * compared with.
 */
const WRITES = ['-c', 'core.fsync=loose-object,reference', '-c', 'core.fsyncMethod=writeout-only']
/** As a sync does it: so many refs in a transaction, so many transactions side by side. */
const AT_ONCE = 250
const LANES = 2

/** Writes what `bare` has fetched to `refs/seen` two times more, as a sync does: milliseconds. */
export async function writeTwice(sandbox: Sandbox, bare: string): Promise<number> {
  const git = async (args: readonly string[], input = '') => sandbox.git(args, { cwd: bare, input })
  const seen = (await git(['for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/seen'])).split(
    '\n',
  )
  const parts = Array.from({ length: Math.ceil(seen.length / AT_ONCE) }, (_, at) =>
    ['here', 'base'].map((place) =>
      transaction(seen.slice(at * AT_ONCE, (at + 1) * AT_ONCE).map((line) => `create refs/${place}/${line}`)),
    ),
  )
  const lane = async () => {
    for (let part = parts.shift(); part !== undefined; part = parts.shift())
      await git([...WRITES, 'update-ref', '--stdin'], part.join(''))
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: LANES }, lane))
  const time = performance.now() - start
  const gone = await git(['for-each-ref', '--format=delete %(refname)', 'refs/here', 'refs/base'])
  await git(['update-ref', '--stdin'], `${gone}\n`)
  return time
}

function transaction(lines: readonly string[]): string {
  return `start\n${lines.join('\n')}\ncommit\n`
}

/**
 * What a claim cannot do without, in a clone of its own: the program is started, three blobs are written and
 * pushed with their leases, and six refs follow.
 */
export async function leastClaim(
  sandbox: Sandbox,
  { path, url, name }: { readonly path: string; readonly url: string; readonly name: string },
): Promise<void> {
  const git = async (args: readonly string[], input = '') => sandbox.git(args, { cwd: path, input })
  await sandbox.run(LAUNCHER, ['--version'], { cwd: path })
  const oid = await git(['hash-object', '-w', '--stdin'], `${name}\n`)
  const refs = ['a', 'b', 'c'].map((each) => `refs/least/${name}/${each}`)
  const leases = refs.map((ref) => `--force-with-lease=${ref}:`)
  await git(['push', '--quiet', '--atomic', ...leases, url, ...refs.map((ref) => `${oid}:${ref}`)])
  const creates = (place: string) =>
    transaction(refs.map((ref) => `create ${ref.replace('refs/', `refs/${place}/`)} ${oid}`))
  await git([...WRITES, 'update-ref', '--stdin'], creates('here') + creates('base'))
}
