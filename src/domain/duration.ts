import { DwError } from './error.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** The longest duration that records take: ten years, in seconds. */
const LONGEST = 10 * 365 * 86_400

/** Seconds in `text`, written like `90s`, `15m`, `2h`, `1d`; null when it is written otherwise. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhd])$/.exec(text.trim())
  const unit = UNITS[match?.[2] ?? '']
  if (!match?.[1] || unit === undefined) return null
  const seconds = Number(match[1]) * unit
  return seconds > 0 && seconds <= LONGEST ? seconds : null
}

/** Seconds in an option's value. Throws DW_USAGE naming the option. */
export function durationOption(option: string, text: string): number {
  const seconds = parseDuration(text)
  if (seconds !== null) return seconds
  throw new DwError('DW_USAGE', `${option} "${text}" is no duration`, {
    hints: ['write it like 90s, 15m, 2h or 1d'],
  })
}

/** `seconds` as a person says it: `45s`, `12m`, `2h`, `1h59m`, `3d`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m`
  if (whole >= 2 * 86_400) return `${Math.floor(whole / 86_400)}d`
  const minutes = Math.floor((whole % 3600) / 60)
  return `${Math.floor(whole / 3600)}h${minutes === 0 ? '' : `${minutes}m`}`
}

/** What is left of a lease of `seconds`, rounded up, so that a fresh lease of two hours says so. */
export function formatLeft(seconds: number): string {
  return formatDuration(seconds > 60 ? Math.ceil(seconds / 60) * 60 : seconds)
}

/** How long before `now` (milliseconds since the epoch) a record's time was, as a person says it. */
export function ago(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000
  return seconds < 1 ? 'just now' : `${formatDuration(seconds)} ago`
}
