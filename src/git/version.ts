import { DwError } from '../domain/error.ts'
import { type Git, OLDEST_GIT } from './exec.ts'

/**
 * Why a git call may have failed: DW_GIT for a git that is too old, with what was found; null for one that
 * is not. It costs a process, so it is asked only after a failure.
 */
export async function oldGitError(git: Git, cause: DwError): Promise<DwError | null> {
  const result = await git.run(['version']).catch(() => null)
  const found = /^git version (\d+)\.(\d+)\S*/.exec(result?.stdout.toString('utf8') ?? '')
  if (found === null || !isOlder(Number(found[1]), Number(found[2]))) return null
  const version = found[0].replace('git version ', '')
  return new DwError('DW_GIT', `git ${version} is too old; git dw needs git ${OLDEST_GIT} or newer`, {
    cause,
    hints: [`install git ${OLDEST_GIT} or newer, and see that it comes first on the PATH: command -v git`],
    details: { found: version, needed: OLDEST_GIT },
  })
}

function isOlder(major: number, minor: number): boolean {
  const [neededMajor = 0, neededMinor = 0] = OLDEST_GIT.split('.').map(Number)
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}
