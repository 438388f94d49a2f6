import { lineAt, type SourceText } from './source-text.ts'

/** One import or re-export of a module. */
export interface Import {
  /** As written, or undefined where a dynamic import computes it. */
  readonly specifier: string | undefined
  /** True for `import type …` and `export type …`. */
  readonly typeOnly: boolean
  readonly line: number
}

/** `import '…'`. In the code view the content of every string is spaces. */
const BARE = /(?<![\w$.])import\s*(?:(['"])( *)\1)/g
/** `import … from '…'` and `export … from '…'`; what stands between holds no other import or export. */
const FROM =
  /(?<![\w$.])(?:import|export)(\s+type(?=[\s{*]))?(?=[\s{*])(?:(?!\b(?:import|export)\b)[\w$\s{},*])*?(?<=[\s}*])from\s*(['"])( *)\2/g
/** `import(…)`, also in a type; the string is left out of the match where the argument is computed. */
const CALL = /(?<![\w$.])import\s*\(\s*(?:(['"`])( *)\1(?=\s*[,)]))?/g

/** Every import in a source: static, re-exported, dynamic and type-only, in the order of the text. */
export function importsOf(text: SourceText): Import[] {
  const found: (Import & { readonly offset: number })[] = []
  const add = (match: RegExpExecArray, content: string | undefined, typeOnly: boolean) => {
    const end = match.index + match[0].length - 1
    const specifier = content === undefined ? undefined : text.withStrings.slice(end - content.length, end)
    found.push({ specifier, typeOnly, line: lineAt(text.code, match.index), offset: match.index })
  }
  for (const match of text.code.matchAll(BARE)) add(match, match[2], false)
  for (const match of text.code.matchAll(FROM)) add(match, match[3], match[1] !== undefined)
  for (const match of text.code.matchAll(CALL)) add(match, match[2], false)
  return found.sort((a, b) => a.offset - b.offset)
}
