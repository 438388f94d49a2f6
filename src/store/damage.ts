import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import type { Entry } from './store.ts'

/** DW_CORRUPT_STATE, or DW_SCHEMA for a newer record: the ref is named and left as it is (design §4). */
export function corrupt(entry: Entry): DwError {
  const { message, hints, newer, details } = describeDamage(entry)
  return new DwError(newer ? 'DW_SCHEMA' : 'DW_CORRUPT_STATE', message, { hints, details })
}

/** DW_CORRUPT_STATE for a ref with a damaged file, of which it is known that it was `oid`: without it, it would be gone. */
export function corruptFile(file: string, ref: string, oid: BlobId): DwError {
  const message = `the record at "${ref}" cannot be read: the file of its ref is damaged`
  const back = `rm ${shellWord(file)} && git update-ref ${ref} ${oid}`
  return new DwError('DW_CORRUPT_STATE', message, {
    hints: [`bring back what the remote knows of it: ${back}`],
    details: { ref, path: file, oid },
  })
}

/** What is wrong with a record and what to do, without an error: there may be very many. */
export function describeDamage(entry: Entry) {
  const { content, ref, oid } = entry
  const problem = content.ok ? 'is not what its ref says' : content.problem
  const newer = !content.ok && content.newer
  const file = content.ok ? undefined : content.file
  const look = [
    `look at it with: git cat-file -p ${ref}`,
    `if nobody needs it, remove it with: git update-ref -d ${ref}`,
  ]
  const hints =
    file === undefined ? look : [`look at it, and if nobody needs it remove it: rm ${shellWord(file)}`]
  return {
    message: `the record at "${ref}" ${problem}`,
    hints: newer ? ['install a newer git dw'] : hints,
    newer,
    details: { ref, problem, ...(file === undefined ? { oid } : { path: file }) },
  }
}
