/** When something was wrong where: what a command says then may be about that. */
export class Troubles {
  readonly #all: { readonly where: string; readonly from: number; to: number }[] = []

  /** Something is wrong at a place until the answer is called. */
  begin(where: string): () => void {
    const trouble = { where, from: performance.now(), to: Number.POSITIVE_INFINITY }
    this.#all.push(trouble)
    return () => {
      trouble.to = performance.now()
    }
  }

  /** Whether something was wrong at one of these places since `from`. */
  since(from: number, where: readonly string[]): boolean {
    return this.#all.some((trouble) => trouble.to >= from && where.includes(trouble.where))
  }
}
