/** Where the block for agents begins and ends in a file; what is between is ours, all else the user's. */
const BEGIN = '<!-- git dw: begin'
const END = '<!-- git dw: end -->'

/** What an agent has to know to work beside others; short, because it is read at every start. */
export const AGENTS_BLOCK = `${BEGIN} (kept up to date by "git dw agents --write": your own words go above or below) -->
## Working beside others: git dw

Several sessions, agents and people, work on this repository at once. \`git dw\` says where you stand, and what to do next.

1. Claim before you edit. A task, with a worktree and a branch of its own: \`w=$(git dw claim --task <task> -m "<what you do>") && cd "$w"\`. Or paths, where you are: \`git dw claim <path>… -m "<what you do>"\`.
2. Stay in that worktree. Files of other worktrees and branches of others are not yours to change.
3. Before you touch what you have not claimed: \`git dw check <path>…\`. When it is free, claim it; when another session holds it, leave it alone.
4. Give a subagent a session of its own before it starts: \`export DW_SESSION=$(git dw new)\`.
5. When you are done, commit, push (\`git dw push -u origin HEAD\` where \`git dw share --status\` says that locks are shared), and record the result: \`git dw record-result --task <task> --status passed|failed|partial|blocked --summary "<what came out>"\`. Give up other keys: \`git dw release --all\`.

| exit status | what it wants from you |
|---|---|
| 0 | go on |
| 1 | the answer is no, and the message says who or what is in the way: work on something else, or wait with \`--wait\`. Use \`--steal\` only when a person tells you to |
| 4 | you no longer hold it: stop, change and push nothing of it, and tell your user |
| 75 | nothing is wrong with what you asked: do what the lines with \`→\` say, else give the same command again later |
| 128, 129 | you cannot go on like this: the lines with \`→\` say what to do, the first one first |

Every command takes \`--json\`, and \`-h\` for help.
${END}
`

/** What a file becomes with the block in it. */
export type Marked =
  | { readonly outcome: 'added' | 'updated' | 'unchanged'; readonly text: string }
  | { readonly outcome: 'unclear'; readonly problem: string }

/**
 * A file's text with the block: in the place of the one that is there, else at the end after an empty line.
 * Not a byte outside the marks changes; the block has the file's own line endings. `unclear` where it cannot
 * be told what is ours: marks that do not pair.
 */
export function withAgentsBlock(text: string, block: string = AGENTS_BLOCK): Marked {
  const ending = text.includes('\r\n') ? '\r\n' : '\n'
  const ours = block.replaceAll('\n', ending)
  const begins = countOf(text, BEGIN)
  const ends = countOf(text, END)
  if (begins === 0 && ends === 0) {
    const gap = text === '' ? '' : text.endsWith('\n') ? ending : ending + ending
    return { outcome: 'added', text: text + gap + ours }
  }
  const from = text.indexOf(BEGIN)
  const to = text.indexOf(END) + END.length
  if (begins !== 1 || ends !== 1 || from > to) {
    return { outcome: 'unclear', problem: problemOf(begins, ends) }
  }
  // the block's last line ending is not between the marks
  const updated = text.slice(0, from) + ours.slice(0, -ending.length) + text.slice(to)
  return { outcome: updated === text ? 'unchanged' : 'updated', text: updated }
}

/** What keeps the marks from being a pair. */
function problemOf(begins: number, ends: number): string {
  const wrong = [...amiss(BEGIN, begins), ...amiss(END, ends)].join(' and ')
  return wrong || `"${END}" stands before "${BEGIN}"`
}

function amiss(mark: string, count: number): string[] {
  if (count === 1) return []
  return [count === 0 ? `"${mark}" is missing` : `"${mark}" is there ${count} times`]
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}
