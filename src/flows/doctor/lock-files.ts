import { formatDuration } from '../../domain/duration.ts'
import type { Finding } from '../../domain/finding.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { clearStaleLocks, staleLocks } from '../../store/lock-files.ts'
import type { Check } from './examined.ts'

/** Lock files that a killed git left: ours are removed by whoever meets them, all others only named. */
export const checkLockFiles: Check = {
  name: 'lock-files',
  ok: () => 'no lock file of git is older than a minute',
  find: async ({ workspace, fix }) => {
    const { commonDir } = workspace.repository
    const now = workspace.around.fileClock()
    const found = await staleLocks(commonDir, now)
    if (fix) await clearStaleLocks(commonDir, ['refs/dw', 'refs/dw-local'], now)
    const left = new Set((fix ? await staleLocks(commonDir, now) : found).map(({ path }) => path))
    return found.map(({ path, age, ours }): Finding => {
      const isFixed = !left.has(path)
      const since = formatDuration(age / 1000)
      return {
        check: 'lock-files',
        state: isFixed ? 'fixed' : ours ? 'warning' : 'wrong',
        what: `"${path}" is ${since} old${isFixed ? '; it was removed' : ''}`,
        meaning: ours
          ? 'a git that was killed left it; whoever meets it removes it'
          : 'a git that was killed left it, or one works for long; what it guards cannot be changed',
        hint: isFixed
          ? null
          : ours
            ? 'git dw doctor --fix'
            : `when no git runs here (ps -C git), remove it: rm ${shellWord(path)}`,
      }
    })
  },
}
