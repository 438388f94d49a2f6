import { createHash } from 'node:crypto'

/** Longest encoded component, in bytes; with git's `.lock` it stays under NAME_MAX (design §3). */
export const MAX_COMPONENT_BYTES = 180

const SAFE = /^[a-z0-9_.+=,-]$/
const SAFE_EITHER_CASE = /^[A-Za-z0-9_.+=,-]$/
const ASCII = /^[\u0000-\u007f]*$/
/** Names in which {@link encodeBytes} changes nothing, with {@link NEEDS_CARE} for the rest of the rule. */
const PLAIN = /^[a-z0-9_+=,][a-z0-9_+=,-]{0,99}(?:\.[a-z0-9_+=,-]{1,39}){0,2}$/
const NEEDS_CARE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)|\.lock$/
/** The same for paths, also in upper case. */
const PLAIN_PATH =
  /^[A-Za-z0-9_+=,][A-Za-z0-9_+=,-]{0,99}(?:\.[A-Za-z0-9_+=,-]{1,39}){0,2}(?:\/[A-Za-z0-9_+=,][A-Za-z0-9_+=,-]{0,99}(?:\.[A-Za-z0-9_+=,-]{1,39}){0,2})*$/
const PATH_NEEDS_CARE = /(?:^|\/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|$)|\.lock(?:\/|$)/
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i

/**
 * Folds a name so that spellings which some file system cannot tell apart become one.
 * Lower-casing alone can leave NFC, hence the second normalisation (design §3).
 */
export function fold(name: string): string {
  // letters of ASCII are always NFC
  if (ASCII.test(name)) return name.toLowerCase()
  return name.normalize('NFC').toLowerCase().normalize('NFC')
}

/**
 * One component of a ref name for `name`, as design §3 gives it. Different folded names give different
 * components, and every component passes `git check-ref-format` at any place in a ref.
 */
export function encodeComponent(name: string): string {
  return encode(fold(name), SAFE)
}

/**
 * Every component of a path as {@link encodeComponent} gives it; empty ones are dropped. Most paths stay as
 * they are but for their case: that is seen of the whole at once, because listings encode thousands.
 */
export function encodePath(path: string): string {
  if (PLAIN_PATH.test(path)) {
    const folded = path.toLowerCase()
    if (!PATH_NEEDS_CARE.test(folded)) return folded
  }
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map(encodeComponent).join('/')
}

/** Like {@link encodeComponent}, for branches and directories: keeps the case as it was written. */
export function encodeFileName(name: string): string {
  return encode(name.normalize('NFC'), SAFE_EITHER_CASE)
}

function encode(name: string, safe: RegExp): string {
  // most names are encoded as they are: seen at once, because listings encode thousands
  if (PLAIN.test(name) && !NEEDS_CARE.test(name)) return name
  const encoded = encodeBytes(name, safe)
  if (encoded.length <= MAX_COMPONENT_BYTES) return encoded
  return `%h${createHash('sha256').update(name, 'utf8').digest('hex').slice(0, 32)}`
}

function encodeBytes(name: string, safe: RegExp): string {
  const bytes = [...Buffer.from(name, 'utf8')]
  const lockDot = /\.lock$/i.test(name) ? bytes.length - '.lock'.length : -1
  const device = WINDOWS_DEVICE.test(name)
  let out = ''
  bytes.forEach((byte, at) => {
    const char = String.fromCharCode(byte)
    const first = at === 0
    const last = at === bytes.length - 1
    const escaped =
      !safe.test(char) ||
      (first && (char === '.' || char === '-' || device)) ||
      (char === '.' && (last || at === lockDot || out.endsWith('.')))
    out += escaped ? `%${byte.toString(16).padStart(2, '0')}` : char
  })
  return out
}

/** Why `name` cannot name a task or a project (design §3), or null when it can. */
export function nameProblem(name: string): string | null {
  const length = [...name].length
  if (length === 0) return 'is empty'
  if (length > 100) return `has ${length} characters; 100 is the most`
  if (name.includes('/')) return 'contains "/"'
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'contains a control character'
  // what the system hands over of bytes that are no UTF-8; which name was meant is lost
  if (name.includes('\ufffd')) return 'is not UTF-8'
  if (name.startsWith('-') || name.startsWith('.')) return `starts with "${name[0]}"`
  return null
}
