import type { Finding } from '../../domain/finding.ts'
import { refspecProblem } from '../../domain/refspec.ts'
import { shellWord } from '../../domain/shell-word.ts'
import type { Check } from './examined.ts'

/** Refspecs of the user's with which a plain fetch or push would touch our refs (design §7). */
export const checkRefspecs: Check = {
  name: 'refspecs',
  ok: () => 'no refspec of a remote touches refs/dw',
  find: async ({ workspace }) => {
    const { refspecs } = workspace.settings
    return refspecs.flatMap(({ remote, kind, value, origin }): Finding[] => {
      const all = refspecs.filter((each) => each.remote === remote && each.kind === kind)
      const meaning = refspecProblem(
        kind,
        value,
        all.map((each) => each.value),
      )
      if (meaning === null) return []
      const name = `remote.${remote}.${kind}`
      const key = shellWord(name)
      return [
        {
          check: 'refspecs',
          state: 'wrong',
          what: `${name} is "${value}" (set in ${origin})`,
          meaning,
          hint:
            kind === 'mirror'
              ? `take it out: git config --unset ${key}`
              : `keep ours out of it: git config --add ${key} '^refs/dw/*' && git config --add ${key} '^refs/dw-local/*'`,
        },
      ]
    })
  },
}
