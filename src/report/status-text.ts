import type { Holding } from '../domain/claim.ts'
import { ago, formatLeft } from '../domain/duration.ts'
import type { DwError } from '../domain/error.ts'
import { ownerName } from '../domain/holder.ts'
import { leaseEnd, type Vantage } from '../domain/lease.ts'
import { printable } from '../domain/printable.ts'
import type { Result, Session } from '../domain/record.ts'
import { describeResult, resultDetails } from '../domain/result.ts'
import type { SessionRow } from '../domain/session-row.ts'
import { shellWord } from '../domain/shell-word.ts'
import { folded } from './fold.ts'
import { JSON_SCHEMA } from './json.ts'
import { type Damage, damageJson, lockJson } from './lock-table.ts'
import type { Palette } from './palette.ts'
import { sessionJson, workOf } from './session-table.ts'

interface StatusView {
  readonly identity:
    | {
        readonly who: 'session'
        readonly source: IdentitySource
        readonly mine: { readonly session: Session }
      }
    | { readonly who: 'nobody'; readonly doubt?: DwError }
  readonly sessions: readonly SessionRow[]
  readonly ground: { readonly holdings: readonly Holding[]; readonly vantage: Vantage }
  readonly damaged: readonly Damage[]
  /** My worktree, when I am in it. */
  readonly place: Place | null
  /** Locks on the line of the current directory. */
  readonly here: readonly Holding[]
  /** The last result of my task. */
  readonly result: Result | null
}

interface Place {
  readonly path: string
  readonly branch: string | null
  readonly changed: number
  readonly untracked: number
  readonly ahead: number | null
  readonly behind: number | null
}

type IdentitySource = 'option' | 'variable' | 'stamp' | 'binding'

const BECAUSE: Readonly<Record<IdentitySource, string>> = {
  option: 'named by --session',
  variable: 'named by DW_SESSION',
  stamp: 'this worktree was made for it',
  binding: 'this agent or terminal is bound to it',
}

interface StatusOptions {
  readonly show: (key: Holding['key']) => string
  /** Adds the commands that a newcomer would want next. */
  readonly next: boolean
  /** The URL of a repository elsewhere. */
  readonly remote?: string
}

/** What `git dw status` prints. */
export function statusText(palette: Palette, view: StatusView, options: StatusOptions): string {
  const { identity, sessions, ground } = view
  const mine = sessions.find((row) => row.mine)
  const others = sessions.filter((row) => !row.mine)
  const paragraphs = [
    identity.who === 'session'
      ? myLines(palette, identity, mine?.locks ?? [], view, options)
      : nobodyLines(palette, identity.doubt),
    otherLines(palette, others, ground.vantage, options),
    hereLines(palette, view.here, mine?.session.id, options),
    orphanLines(palette, ground.holdings, sessions, options),
    options.next ? nextLines(identity.who === 'session') : [],
  ]
  return joined(paragraphs)
}

/** The sessions and locks of a repository elsewhere, where nobody is me. */
interface RemoteStatusView {
  /** Without credentials. */
  readonly url: string
  readonly sessions: readonly SessionRow[]
  readonly holdings: readonly Holding[]
  readonly damaged: readonly Damage[]
  readonly vantage: Vantage
}

/** What `git dw status --remote` prints. */
export function remoteStatusText(palette: Palette, view: RemoteStatusView, options: StatusOptions): string {
  const live = view.sessions.filter(({ state }) => state !== 'ended')
  const head = live.length === 0 ? 'Nobody is at' : 'At'
  const elsewhere = { ...options, remote: view.url }
  const paragraphs = [
    [`${head} ${palette.bold(printable(view.url))}`],
    otherLines(palette, live, view.vantage, elsewhere),
    orphanLines(palette, view.holdings, live, elsewhere),
  ]
  return joined(paragraphs)
}

/** What `git dw status --remote --json` prints: that of `status` with nobody as me, and the URL. */
export function remoteStatusJson(view: RemoteStatusView): object {
  const { url, holdings, vantage, damaged } = view
  const sessions = view.sessions.filter(({ state }) => state !== 'ended')
  const ground = { holdings, vantage }
  const nobody = { identity: { who: 'nobody' }, place: null, here: [], result: null } as const
  return { ...statusJson({ ...nobody, sessions, ground, damaged }), remote: url }
}

function joined(paragraphs: readonly (readonly string[])[]): string {
  return `${paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function myLines(
  palette: Palette,
  identity: Extract<StatusView['identity'], { who: 'session' }>,
  locks: readonly Holding[],
  { ground: { vantage }, place, result }: StatusView,
  options: StatusOptions,
): string[] {
  const { session } = identity.mine
  const { worktree, pr } = session
  const work = workOf(session)
  return [
    `You are ${palette.bold(session.id)} (${BECAUSE[identity.source]})`,
    ...(work === '' ? [] : [`  works on   ${printable(work)}`]),
    ...(worktree === undefined ? [] : [`  worktree   ${printable(`${worktree.path} (${worktree.branch})`)}`]),
    ...(place === null ? [] : [`  in it      ${placeText(palette, place)}`]),
    ...(pr === undefined || pr === result?.pr ? [] : [`  pull request ${printable(pr)}`]),
    ...(result === null ? [] : [`  result     ${resultText(palette, result, vantage.now)}`]),
    ...(locks.length === 0 ? ['  holds nothing'] : lockLines(palette, locks, vantage, options)),
    ...session.revoked.map(({ key, by, why }) =>
      palette.bad(
        printable(
          why === 'upgrade'
            ? `  lost       "${key}", given up for a directory above it`
            : `  lost       "${key}" to ${by}: ${why}`,
        ),
      ),
    ),
  ]
}

function resultText(palette: Palette, result: Result, now: number): string {
  const told = describeResult(result, now)
  const summary = result.summary === undefined ? '' : `: ${printable(result.summary)}`
  return `${result.status === 'passed' ? palette.good(told) : palette.warning(told)}${summary}`
}

function placeText(palette: Palette, place: Place): string {
  const { changed, untracked, ahead, behind } = place
  const files = [
    ...(changed === 0 ? [] : [`${changed} changed`]),
    ...(untracked === 0 ? [] : [`${untracked} untracked`]),
  ]
  const commits = ahead === null || behind === null ? [] : [`${ahead} ahead, ${behind} behind`]
  return [files.length === 0 ? 'clean' : palette.warning(files.join(', ')), ...commits].join('; ')
}

/** Who holds what around the current directory. */
function hereLines(
  palette: Palette,
  here: readonly Holding[],
  me: string | undefined,
  options: StatusOptions,
): string[] {
  const line = ({ key, record, state }: Holding) => {
    const who = record.session === me ? 'mine' : `${record.session} (${ownerName(record.owner)})`
    const mark = state === 'live' ? '' : `  ${palette.warning(state)}`
    return `  ${palette.bold(printable(options.show(key)))}  ${printable(who)}${mark}`
  }
  const lines = folded(here, { line, isOdd, all: 'git dw locks .', dim: palette.dim })
  return lines.length === 0 ? [] : ['Held around this directory:', ...lines]
}

function nobodyLines(palette: Palette, doubt: DwError | undefined): string[] {
  if (doubt === undefined) return ['You have no session here.']
  const hints = doubt.hints.map((hint) => `  ${palette.dim('→')} ${printable(hint)}`)
  return [palette.warning(`You are nobody here: ${printable(doubt.message)}`), ...hints]
}

function otherLines(
  palette: Palette,
  rows: readonly SessionRow[],
  vantage: Vantage,
  options: StatusOptions,
): string[] {
  return rows.flatMap(({ session, state, locks }) => {
    const seen = `last seen ${ago(session.lastActivity, vantage.now)}`
    const work = workOf(session)
    const head = `${session.id}  ${ownerName(session.owner)}${work === '' ? '' : `  ${work}`}`
    const mark = state === 'active' ? '' : `  ${palette.warning(state)}`
    return [`${printable(head)}  ${seen}${mark}`, ...lockLines(palette, locks, vantage, options)]
  })
}

/** Locks whose session's record is not among the live ones: they can simply be claimed. */
function orphanLines(
  palette: Palette,
  holdings: readonly Holding[],
  rows: readonly SessionRow[],
  options: StatusOptions,
): string[] {
  const known = new Set(rows.map(({ session }) => session.id))
  const orphans = holdings.filter(({ record }) => !known.has(record.session))
  if (orphans.length === 0) return []
  const line = ({ key }: Holding) => `  ${printable(options.show(key))}`
  const names = folded(orphans, { line, isOdd, all: allLocks(options), dim: palette.dim })
  return [palette.warning('Held by sessions that are gone, free to claim:'), ...names]
}

/** A session's locks. */
function lockLines(
  palette: Palette,
  locks: readonly Holding[],
  vantage: Vantage,
  options: StatusOptions,
): string[] {
  const line = (holding: Holding) => lockLine(palette, holding, vantage, options)
  return folded(locks, { line, isOdd, all: allLocks(options), dim: palette.dim })
}

/** What is shown first: who counts on it may be wrong. */
function isOdd({ state, record }: Holding): boolean {
  return state !== 'live' || record.provisional === true
}

/** The command that lists all locks. */
function allLocks({ remote }: StatusOptions): string {
  return remote === undefined ? 'git dw locks' : `git dw locks --remote ${shellWord(remote)}`
}

function lockLine(palette: Palette, holding: Holding, vantage: Vantage, options: StatusOptions): string {
  const { record, session, state } = holding
  const left = session === undefined ? 0 : (leaseEnd(session, record.ttl, vantage) - vantage.now) / 1000
  const time = state === 'live' ? `${formatLeft(left)} left` : palette.warning(state)
  const lease = record.provisional ? `${time}, ${palette.warning('provisional')}` : time
  const why = record.why === undefined ? '' : `  ${printable(record.why)}`
  return `  holds      ${palette.bold(printable(options.show(holding.key)))}  ${palette.dim(lease)}${why}`
}

function nextLines(hasSession: boolean): string[] {
  return [
    'Next:',
    '  claim a task, with a worktree    w=$(git dw claim --task <task>) && cd "$w"',
    '  claim files or directories       git dw claim <path>…',
    '  may I touch this?                git dw check <path>…',
    ...(hasSession
      ? ['  give all up and leave            git dw end']
      : ['  or just start a session          git dw init']),
    '  everything else                  git dw -h',
  ]
}

/** What `git dw status --json` prints. */
export function statusJson(view: StatusView): object {
  const { identity, sessions, ground } = view
  const mine = sessions.find((row) => row.mine)
  const me = mine?.session.id ?? null
  return {
    schema: JSON_SCHEMA,
    session: mine === undefined ? null : sessionJson(mine),
    source: identity.who === 'session' ? identity.source : null,
    doubt:
      identity.who === 'nobody' && identity.doubt !== undefined
        ? { code: identity.doubt.code, message: identity.doubt.message, hints: identity.doubt.hints }
        : null,
    sessions: sessions.filter((row) => !row.mine).map(sessionJson),
    locks: ground.holdings.map((holding) => lockJson(holding, me, ground.vantage)),
    damaged: view.damaged.map(damageJson),
    place: view.place,
    result: view.result === null ? null : resultDetails(view.result),
    here: view.here.map((holding) => lockJson(holding, me, ground.vantage)),
  }
}
