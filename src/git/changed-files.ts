import type { Git } from './exec.ts'

/**
 * The paths that differ between `head` and where it left `base`, from the top, both names of a rename; none
 * where the two have nothing in common or git cannot tell.
 */
export async function changedFiles(git: Git, base: string, head: string): Promise<string[]> {
  // proof against the user's configuration
  const args = ['diff', '--name-only', '-z', '--no-renames', '--no-relative', '--no-ext-diff', '--no-color']
  const result = await git.run([...args, '--ignore-submodules=none', `${base}...${head}`, '--'], {
    timeout: DIFF_TIMEOUT,
  })
  if (result.status !== 0) return []
  return result.stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '')
}

/** In milliseconds. */
const DIFF_TIMEOUT = 60_000
