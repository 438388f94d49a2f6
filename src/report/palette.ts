import { styleText } from 'node:util'

/** Text in the colours of this program, or plain. */
export interface Palette {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly warning: (text: string) => string
  readonly bad: (text: string) => string
}

const plain = (text: string) => text

export const PLAIN: Palette = { bold: plain, dim: plain, good: plain, warning: plain, bad: plain }

export const COLOURED: Palette = {
  bold: (text) => styleText('bold', text),
  dim: (text) => styleText('dim', text),
  good: (text) => styleText('green', text),
  warning: (text) => styleText('yellow', text),
  bad: (text) => styleText('red', text),
}
