import { DwError } from '../domain/error.ts'
import { type Git, OLDEST_GIT } from './exec.ts'

/**
 * Why a git call may have failed: DW_GIT for a git that is too old, with what was found; null for one that
 * is not. It costs a process, so it is asked only after a failure.
 */
export async function oldGitError(git: Git, cause: DwError): Promise<DwError | null> {
  const version = await gitVersion(git).catch(() => null)
  if (version === null || !isOlder(version, OLDEST_GIT)) return null
  return new DwError('DW_GIT', `git ${version} is too old; git dw needs git ${OLDEST_GIT} or newer`, {
    cause,
    hints: [`install git ${OLDEST_GIT} or newer, and see that it comes first on the PATH: command -v git`],
    details: { found: version, needed: OLDEST_GIT },
  })
}

/** The version of git that is used here; null where it does not say. Throws DW_GIT when it cannot be started. */
export async function gitVersion(git: Git): Promise<string | null> {
  const { stdout } = await git.run(['version'])
  return /^git version (\d+\.\d+\S*)/.exec(stdout.toString('utf8'))?.[1] ?? null
}

/** Whether `version` comes before `needed`, by its first two numbers. */
export function isOlder(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}
