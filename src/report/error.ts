import { DwError } from '../domain/error.ts'
import { printable } from '../domain/printable.ts'
import { jsonLine } from './json.ts'
import type { Palette } from './palette.ts'

/** An error as a person reads it: what it is, then what to do. */
export function errorText(error: DwError, palette: Palette): string {
  const lines = error.message.split('\n').map(printable)
  const [first = '', ...rest] = lines
  const message = [`${palette.bad('git dw:')} ${first}`, ...rest.map((line) => `        ${line}`)]
  const hints = error.hints.map((hint) => `  ${palette.dim('→')} ${printable(hint)}`)
  return `${[...message, ...hints].join('\n')}\n`
}

/** An error as `--json` prints it on stderr (design §11). */
export function errorJson(error: DwError): string {
  const { code, message, hints, details } = error
  return jsonLine({ error: { ...details, code, message, hints } })
}

/** What is thrown and is no DwError is a defect of this program. */
export function asDwError(error: unknown): DwError {
  if (error instanceof DwError) return error
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new DwError('DW_GIT', `an unforeseen error: ${text}`, { hints: ['please report it'], cause: error })
}
