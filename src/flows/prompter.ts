/** One thing that can be chosen. */
export interface Choice<T> {
  readonly value: T
  readonly label: string
  /** Shown beside the label of the one that stands under the cursor. */
  readonly hint?: string
}

/** Asks the person at the terminal. Cancelling, with Ctrl-C or Escape, throws DW_INTERRUPTED. */
export interface Prompter {
  /** One of `choices`, by arrow keys; with `filter` also by typing part of a label. `initial` is under the cursor. */
  choose<T extends string>(
    question: string,
    choices: readonly Choice<T>[],
    options?: { readonly filter?: boolean; readonly initial?: T },
  ): Promise<T>
  /** Yes or no; `initial` is what Enter alone answers. */
  confirm(question: string, initial: boolean): Promise<boolean>
}
