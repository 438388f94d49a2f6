/** What was seen of clones that share their locks, to be judged by {@link file://./checker.ts}. */

/** Milliseconds of true time, which no clone's clock shows. */
export type TrueTime = number

/** A command as one clone ran it. */
export interface Call {
  readonly id: number
  readonly clone: string
  /** Null for a command that starts a session. */
  readonly session: string | null
  readonly kind: 'start' | 'claim' | 'steal' | 'release' | 'end' | 'sync' | 'push' | 'beat' | 'share again'
  /** Places in the tree of locks, such as `path/src/a.ts`; empty for "all that I hold". */
  readonly keys: readonly string[]
  /** The id that its locks carry, where it is known. */
  readonly claim?: string
}

/** What a command said; `code` is null for success. */
export interface Answer {
  readonly code: string | null
  /** Set for what is no refusal but a defect: another error than the program's own. */
  readonly thrown?: string
  /** What it said of an error, for people. */
  readonly said?: string
  /** Something was broken on the way, on purpose: then it may say so. */
  readonly excused?: true
}

/** A ref that moved, by object ids; null stands for "absent". */
export interface RefMove {
  readonly ref: string
  readonly from: string | null
  readonly to: string | null
}

/** Everything that happened, in the order in which it did. */
export type Event =
  | { readonly kind: 'called'; readonly call: Call; readonly time: TrueTime }
  /** A call that was killed never answers. */
  | { readonly kind: 'answered'; readonly call: number; readonly answer: Answer; readonly time: TrueTime }
  | { readonly kind: 'killed'; readonly call: number; readonly time: TrueTime }
  /** One ref of a transaction at the arbiter; `call` is the command that sent it, where that is known. */
  | {
      readonly kind: 'arbiter moved'
      readonly transaction: number
      readonly call: number | null
      readonly move: RefMove
      readonly time: TrueTime
      /** The server was killed before the rest of the transaction. */
      readonly cut?: true
      /** It was made before the event with this index; without it, at once. Real servers tell when they begin. */
      readonly until?: number
    }
  | { readonly kind: 'clone moved'; readonly clone: string; readonly move: RefMove; readonly time: TrueTime }
  /** All records at the arbiter are gone, as after a `push --mirror`. */
  | { readonly kind: 'arbiter emptied'; readonly time: TrueTime }

/** A whole run. */
export interface History {
  readonly events: readonly Event[]
  /** Each clone by its id: how far its clock is ahead, in milliseconds. */
  readonly clocks: ReadonlyMap<string, number>
  /** A record by its object id; null for what is none. */
  readonly record: (oid: string) => Json | null
  /** `refs/dw/*` at the end, after a last sync of every clone: at the arbiter, and in each clone. */
  readonly final: {
    readonly arbiter: ReadonlyMap<string, string>
    readonly clones: ReadonlyMap<string, ReadonlyMap<string, string>>
  } | null
}

/** A record as it was read, without belief in its shape. */
export type Json = Readonly<Record<string, unknown>>
