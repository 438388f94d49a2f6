/** What is wrong at a place, by how whoever meets it speaks of it. */
const TOLD = {
  'lock file': /\.lock\b|cannot lock ref|packed-refs/,
  'full disk': /no space left|unable to write|could not write|write error/i,
} as const

export type Trouble = keyof typeof TOLD

/** When something was wrong where: what a command says of that is no fault of its own. */
export class Troubles {
  readonly #all: { readonly trouble: Trouble; readonly where: string; to: number }[] = []

  /** Something is wrong at a place until the answer is called. */
  begin(trouble: Trouble, where: string): () => void {
    const begun = { trouble, where, to: Number.POSITIVE_INFINITY }
    this.#all.push(begun)
    return () => {
      begun.to = performance.now()
    }
  }

  /** Whether `said` speaks of what was wrong at one of these places at any time since `from`. */
  explain(said: string, from: number, where: readonly string[]): boolean {
    return this.#all.some(
      (each) => each.to >= from && where.includes(each.where) && TOLD[each.trouble].test(said),
    )
  }
}
