import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'
import { toldReason } from '../git/told-reason.ts'

/** DW_REMOTE for a push that the arbiter refuses although nothing stands in its way. */
export function refusal(remote: string, said: string): DwError {
  const why = toldReason(said) ?? ''
  return new DwError('DW_REMOTE', `the remote "${remote}" refuses the change: ${why}`, {
    hints: [
      'see what it can do: git dw share --status',
      `see what git reaches there: git ls-remote ${shellWord(remote)}`,
    ],
    details: { remote, stderr: said },
  })
}

/** DW_CORRUPT_STATE for a record that a sync has left alone. */
export function unreadable(remote: string, ref: string): DwError {
  return new DwError('DW_CORRUPT_STATE', `the record at "${ref}" cannot be read, here or at the remote`, {
    hints: [
      'see what is wrong here: git dw doctor',
      `and what is there: git ls-remote ${shellWord(remote)} ${ref}`,
    ],
    details: { refs: [ref] },
  })
}

/** DW_UNKNOWN_OUTCOME for a change that the arbiter has taken, and that this clone could not note because of `cause`. */
export function ahead(remote: string, cause: DwError): DwError {
  const why = whyNotNoted(cause)
  const { lockFiles, path } = cause.details
  return new DwError(
    'DW_UNKNOWN_OUTCOME',
    `the remote "${remote}" has taken the change, but this clone could not note it: ${why}`,
    {
      hints: [
        // the same again would be another change
        ...cause.hints.map((hint) => hint.replace(', then give the same command again', '')),
        'bring it here: git dw sync',
        'then look: git dw status',
      ].filter((hint) => hint !== 'try again'),
      details: {
        remote,
        stderr: '',
        taken: true,
        ...(lockFiles === undefined ? {} : { lockFiles }),
        ...(path === undefined ? {} : { path }),
      },
      cause,
    },
  )
}

/** What {@link ahead} makes. */
type Ahead = DwError & { readonly details: { readonly taken: true } }

/** Whether an error says that the arbiter has taken the change. */
export function isAhead(error: unknown): error is Ahead {
  return error instanceof DwError && error.details['taken'] === true
}

/** What kept this clone from noting what the arbiter has, in a few words. */
export function whyNotNoted({ code, message }: DwError): string {
  return code === 'DW_INTERRUPTED' ? 'interrupted' : message
}
