/** Columns that `text` takes on a terminal: wide East Asian letters take two, combining marks none. */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let columns = 0
  for (const char of text) {
    if (/\p{Mark}/u.test(char)) continue
    columns += WIDE.test(char) ? 2 : 1
  }
  return columns
}

/** `text`, or as much of its start as goes into `columns`, with a mark that there is more. */
export function cutTo(columns: number, text: string): string {
  if (columnsOf(text) <= columns) return text
  let cut = ''
  for (const char of text) {
    if (columnsOf(cut + char) >= columns) break
    cut += char
  }
  return `${cut}…`
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
