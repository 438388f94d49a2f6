import { appendFile, readFile } from 'node:fs/promises'

/** How the program that was started as git ended. */
export interface PushEnd {
  /** Its process id; undefined for one that never ran. */
  readonly pid: number | undefined
  /** Null when a signal ended it. */
  readonly status: number | null
  /** Whether what is pushed needs a pack, without which no remote takes any of it. */
  readonly packs: boolean
}

/** An event of git's, as far as it is looked at (gitapi-trace2(7), "The Event Format Target"). */
interface Noted {
  readonly event?: unknown
  readonly sid?: unknown
  readonly name?: unknown
  readonly label?: unknown
  readonly child_class?: unknown
}

/** Git's name for what it does until the remote has said which refs it has; before that, nothing can be sent. */
const ASKS = 'get_refs_list'

/** So much finds no room on a full disk, in bytes: more than a block of any file system. */
const MORE = ' '.repeat(128 * 1024)

/**
 * Whether nothing was sent by a push that ended so, and nothing will be, as the file shows in which git noted
 * what it did (GIT_TRACE2_EVENT). Git notes a step before it takes it, so what is not noted has not been done;
 * but only where it could note all: the disk was not full, and git itself has ended, not somebody in its place.
 */
export async function hasSentNothing(file: string, end: PushEnd): Promise<boolean> {
  const notes = await readFile(file, 'utf8').catch(() => null)
  const shown = notes === null ? 'nothing' : whatIsShown(notes, end)
  if (shown !== 'not yet') return shown === 'not sent'
  // cut off at the end of a line, perhaps
  return appendFile(file, MORE).then(
    () => true,
    () => false,
  )
}

/** What the notes of a push show: that it sent nothing; that it had not, when it was killed; or nothing of the kind. */
export function whatIsShown(notes: string, end: PushEnd): 'not sent' | 'not yet' | 'nothing' {
  const events = parse(notes)
  const pushes = new Set(
    events?.filter(({ event, name }) => event === 'cmd_name' && name === 'push').map(({ sid }) => sid),
  )
  const [sid] = pushes
  // whoever stands in for git may call it more than once
  if (events === null || pushes.size !== 1 || typeof sid !== 'string') return 'nothing'
  const own = events.filter((each) => each.sid === sid)
  const has = (event: string, label?: string) =>
    own.some((each) => each.event === event && each.label === label)
  const waits = has('region_enter', ASKS) && !has('region_leave', ASKS)
  if (end.status === null) return waits && end.pid === pidIn(sid) ? 'not yet' : 'nothing'
  if (!has('atexit')) return 'nothing'
  const mayHaveSent = !end.packs || notes.includes('"pack-objects"') || own.some(isForeign)
  return waits || !mayHaveSent ? 'not sent' : 'nothing'
}

/** Whether it starts a helper that is not git's own (gitremote-helpers(7)): such a one packs in its own way. */
function isForeign({ event, child_class: of }: Noted): boolean {
  return event === 'child_start' && /^remote-(?!https?$)/.test(String(of))
}

/** The events; null where one is not whole. */
function parse(notes: string): Noted[] | null {
  const lines = notes.split('\n')
  if (lines.pop() !== '') return null
  try {
    return lines.map((line) => JSON.parse(line) as Noted)
  } catch {
    return null
  }
}

/** The process id in a session id of git's, whose last part ends with it: `…-P0000c0de`. */
function pidIn(sid: string): number {
  return Number.parseInt(/-P([0-9a-f]+)$/.exec(sid)?.[1] ?? '', 16)
}
