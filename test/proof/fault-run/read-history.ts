import type { Event, RefMove } from '../history.ts'
import type { Note } from './recorder.ts'

/** A transaction at the remote as its hook told it, its place in the log, and what became of it as far as that says. */
interface Transaction {
  readonly at: number
  readonly call: number
  readonly moves: RefMove[]
  until: number | null
  became: 'prepared' | 'committed' | 'aborted'
}

/** What was made of a transaction, before this line of the log, and whether that was not all of it. */
interface Made extends RefMove {
  readonly until: number
  readonly isCut: boolean
}

/** Refs by name. */
type Refs = ReadonlyMap<string, string>

type Timed = Note & { readonly time: number }

const ABSENT = /^0+$/

/**
 * The events of a run, in order, from its log. A transaction stands where its refs had been locked, which is
 * an order that all that concern the same refs agree with. `initial` is what stood at the beginning. Of one whose server was killed before it said what
 * became of it, the next one on each ref tells, which found there what was left, or `final`: what stands at
 * the end. Throws where the log does not come to that.
 */
export function readHistory(
  lines: readonly string[],
  { initial, final }: { readonly initial: Refs; readonly final: Refs },
): Event[] {
  const notes: { readonly at: number; readonly note: Timed }[] = []
  const transactions: Transaction[] = []
  const open = new Map<string, Transaction>()
  for (const [at, line] of lines.entries()) {
    if (!line.startsWith('# ')) notes.push({ at, note: JSON.parse(line) as Timed })
    else readLine(line, at, open, transactions)
  }
  const resolved = transactions.map((each) => ({
    ...each,
    moves: made(each, transactions, final, lines.length),
  }))
  return inOrder(notes, resolved, initial)
}

function readLine(line: string, at: number, open: Map<string, Transaction>, all: Transaction[]): void {
  const [, state, pid = '', mark, from = '', to = '', ref = ''] = line.split(' ')
  // what no call sent is housekeeping: git tells of each loose ref that it packs as if it went away, and of a packed
  // one that goes away a second time, as of one that is not there
  if (mark === '-' || from === to || !/^refs\/(?:dw|heads)\//.test(ref)) return
  const known = open.get(pid)
  if (state === 'prepared') {
    const call = Number(mark)
    const goesOn = known?.became === 'prepared' && known.call === call
    const isNew = !goesOn || known.moves.some((move) => move.ref === ref)
    const transaction = isNew ? { at, call, moves: [], until: null, became: 'prepared' as const } : known
    if (isNew) all.push(transaction)
    open.set(pid, transaction)
    transaction.moves.push({ ref, from: oidOf(from), to: oidOf(to) })
  } else if (known !== undefined && (state === 'committed' || state === 'aborted')) {
    known.became = state
    known.until = at
  }
}

function oidOf(text: string): string | null {
  return ABSENT.test(text) ? null : text
}

/**
 * What a transaction made: what it writes and then what it deletes, by name; of one that was cut short, in the order
 * in which git commits it.
 */
function made(transaction: Transaction, all: readonly Transaction[], final: Refs, end: number): Made[] {
  const { became, moves, until } = transaction
  const found = moves.flatMap((move) => {
    if (became === 'aborted') return []
    if (became === 'committed') return [{ ...move, until: until ?? transaction.at }]
    const next = all.find(
      ({ at, moves: theirs }) => at > transaction.at && theirs.some(({ ref }) => ref === move.ref),
    )
    const left =
      next === undefined
        ? (final.get(move.ref) ?? null)
        : (next.moves.find(({ ref }) => ref === move.ref)?.from ?? null)
    if (left === move.to) return [{ ...move, until: next?.at ?? end }]
    if (left === move.from) return []
    throw new Error(
      `${move.ref} was left as ${left} by line ${transaction.at} of the log, from ${move.from} to ${move.to}`,
    )
  })
  const isCut = found.length < moves.length
  const rank = ({ to }: RefMove) => (to === null ? 1 : 0)
  return found
    .sort((a, b) => rank(a) - rank(b) || (isCut ? 0 : a.ref < b.ref ? -1 : 1))
    .map((move) => ({ ...move, isCut }))
}

function inOrder(
  notes: readonly { readonly at: number; readonly note: Timed }[],
  transactions: readonly (Transaction & {
    readonly moves: readonly Made[]
  })[],
  initial: Refs,
): Event[] {
  const refs = new Map(initial)
  const events: Event[] = []
  /** For each line of the log, how many events came before it. */
  const placed = (at: number) => {
    let [low, high] = [0, places.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((places[middle] ?? 0) < at) low = middle + 1
      else high = middle
    }
    return low
  }
  const places: number[] = []
  const untils: { readonly event: number; readonly until: number }[] = []
  let next = 0
  for (const [number, { at, call, moves }] of [...transactions].sort((a, b) => a.at - b.at).entries()) {
    for (; next < notes.length && (notes[next]?.at ?? 0) < at; next += 1) put(notes[next])
    // it happened before the next note was made
    const time = notes[next]?.note.time ?? notes.at(-1)?.note.time ?? 0
    for (const { until, isCut, ...move } of moves) {
      if ((refs.get(move.ref) ?? null) !== move.from)
        throw new Error(`${move.ref} was not ${move.from} at line ${at}`)
      if (move.to === null) refs.delete(move.ref)
      else refs.set(move.ref, move.to)
      untils.push({ event: events.length, until })
      places.push(at)
      const cut = isCut ? ({ cut: true } as const) : {}
      events.push({ kind: 'arbiter moved', transaction: number, call, move, ...cut, time })
    }
  }
  for (; next < notes.length; next += 1) put(notes[next])
  for (const { event, until } of untils) {
    const moved = events[event]
    if (moved?.kind === 'arbiter moved') events[event] = { ...moved, until: placed(until) }
  }
  return events

  function put(noted: (typeof notes)[number] | undefined): void {
    if (noted === undefined || noted.note.kind === 'told') return
    places.push(noted.at)
    events.push(noted.note)
    if (noted.note.kind === 'arbiter emptied')
      for (const ref of [...refs.keys()].filter((name) => name.startsWith('refs/dw/'))) refs.delete(ref)
  }
}
