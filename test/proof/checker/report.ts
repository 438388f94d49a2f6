/** What a history shows that must not be. */
export interface Violation {
  /** Which promise it breaks, in a word or two. */
  readonly sentence: Sentence
  readonly what: string
  /** The event at which it shows, as an index into the history; null for the end. */
  readonly at: number | null
}

export type Sentence =
  | 'two holders'
  | 'acknowledged'
  | 'refused'
  | 'revoked fence'
  | 'live lease'
  | 'growth'
  | 'guard'
  | 'noted loss'
  | 'agreement'
  | 'answer'

export type Report = (sentence: Sentence, what: string, at: number | null) => void
