import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { importsOf } from './imports.ts'
import { lineAt, readSource } from './source-text.ts'
import {
  ARROWS,
  DOMAIN_MODULES,
  IMPURE,
  MAX_LINES,
  PROCESS_MODULES,
  PROCESS_READERS,
  PROCESS_STARTERS,
  VAGUE_NAMES,
} from './table.ts'

/** Source texts by their path from src/, with `/` between names. */
export type Sources = ReadonlyMap<string, string>

const isUnder = (path: string, target: string): boolean =>
  path === target || (target.endsWith('/') && path.startsWith(target))

/** The layer of a path: `main.ts`, or `git/` for everything in that directory. */
const layerOf = (path: string): string => {
  const slash = path.indexOf('/')
  return slash === -1 ? path : path.slice(0, slash + 1)
}

const isRelative = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier)

/** The file a relative specifier means, as a path from src/; undefined where there is none. */
function resolve(sources: Sources, from: string, specifier: string): string | undefined {
  const path = posix.normalize(posix.join(posix.dirname(from), specifier))
  if (path.startsWith('..')) return path
  const stem = path.replace(/\.js$/, '')
  return [path, `${stem}.ts`, `${stem}/index.ts`, posix.join(stem, 'index.ts')].find((name) =>
    sources.has(name),
  )
}

/** Imports that no arrow of the table allows, that lead nowhere, or that cannot be followed. */
export function wrongArrows(sources: Sources): string[] {
  const wrong: string[] = []
  for (const [path, source] of sources) {
    const allowed = ARROWS[layerOf(path)]
    if (allowed === undefined) wrong.push(`${path}: "${layerOf(path)}" is no layer`)
    for (const { specifier, typeOnly, line } of importsOf(readSource(source))) {
      if (specifier === undefined) wrong.push(`${path}:${line}: import() of a computed name`)
      if (specifier === undefined || !isRelative(specifier)) continue
      const target = resolve(sources, path, specifier)
      if (target === undefined) wrong.push(`${path}:${line}: there is no "${specifier}"`)
      if (target === undefined || layerOf(target) === layerOf(path)) continue
      const arrow = allowed?.find(({ to }) => isUnder(target, to))
      if (arrow === undefined) wrong.push(`${path}:${line}: may not import ${target}`)
      else if (arrow.typesOnly && !typeOnly) wrong.push(`${path}:${line}: may import only types of ${target}`)
    }
  }
  return wrong
}

/** Modules that start processes, and Bun, which does so itself, named anywhere but in the files that may. */
export function wrongStarters(sources: Sources): string[] {
  const named = new RegExp(`(['"\`])(?:node:)?(?:${PROCESS_MODULES.join('|')})(?:/[^'"\`]*)?\\1`, 'g')
  return [...sources].flatMap(([path, source]) => {
    if (PROCESS_STARTERS.includes(path)) return []
    const { withStrings, code } = readSource(source)
    const matches = [...withStrings.matchAll(named), ...code.matchAll(/(?<![\w$])Bun(?![\w$])/g)]
    return matches.map((match) => `${path}:${lineAt(withStrings, match.index)}: names ${match[0]}`)
  })
}

/** Reads of `process` outside the places that may read it. */
export function wrongProcessReads(sources: Sources): string[] {
  const read =
    /(?<![\w$.])(?:globalThis\s*(?:\?\.|\.)\s*)?process\s*(?:\.|\?\.|\[)|=\s*(?:globalThis\s*\.\s*)?process(?![\w$])/g
  return [...sources].flatMap(([path, source]) => {
    if (PROCESS_READERS.some((reader) => isUnder(path, reader))) return []
    const text = readSource(source)
    return [
      ...[...text.code.matchAll(read)].map(
        ({ index }) => `${path}:${lineAt(text.code, index)}: reads process`,
      ),
      ...importsOf(text)
        .filter(({ specifier }) => specifier === 'process' || specifier === 'node:process')
        .map(({ line }) => `${path}:${line}: imports process`),
    ]
  })
}

/** What makes domain/ impure: modules from outside, clocks, random values. */
export function impureDomain(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    if (!isUnder(path, 'domain/')) return []
    const text = readSource(source)
    const modules = importsOf(text)
      .filter(({ specifier }) => specifier !== undefined && !isRelative(specifier))
      .filter(({ specifier }) => !DOMAIN_MODULES.includes(withScheme(specifier ?? '')))
      .map(({ specifier, line }) => `${path}:${line}: may not import "${specifier}"`)
    const acts = Object.entries(IMPURE).flatMap(([what, pattern]) =>
      [...text.code.matchAll(pattern)].map(
        ({ index }) => `${path}:${lineAt(text.code, index)}: uses ${what}`,
      ),
    )
    return [...modules, ...acts]
  })
}

const withScheme = (specifier: string): string =>
  builtinModules.includes(specifier) ? `node:${specifier}` : specifier

/** Files that have grown too long. */
export function tooLong(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    const lines = source.replace(/\n$/, '').split('\n').length
    return lines > MAX_LINES ? [`${path}: ${lines} lines, more than ${MAX_LINES}`] : []
  })
}

/** Files and folders whose name says nothing. */
export function vagueNames(paths: Iterable<string>): string[] {
  return [...paths].filter((path) =>
    path.split('/').some((name) => VAGUE_NAMES.includes(name.replace(/\..*$/, '').toLowerCase())),
  )
}
