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
  bold: styled('bold'),
  dim: styled('dim'),
  good: styled('green'),
  warning: styled('yellow'),
  bad: styled('red'),
}

/** Whether there is colour is decided by this program's own settings, not by Node's look at stdout. */
function styled(format: Parameters<typeof styleText>[0]): (text: string) => string {
  return (text) => styleText(format, text, { validateStream: false })
}
