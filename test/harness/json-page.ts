import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Outcome } from './sandbox.ts'

/** A row of a table in docs/json.md. */
interface Field {
  readonly name: string
  readonly type: string
  readonly optional: boolean
}

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/json.md'), 'utf8')

/** The tables of fields by their headings; a heading may name several commands. */
export const TABLES = new Map(
  PAGE.split(/^### /m)
    .slice(1)
    .flatMap((part) => {
      const [heading = ''] = part.split('\n')
      const fields = [...part.matchAll(/^\| `([a-z]\w*)`(\??) \| ([^|]+) \|/gm)].map(
        ([, name = '', mark, type = '']): Field => ({
          name,
          type: type.replace(/\[(\w+)\]\([^)]*\)/g, '$1'),
          optional: mark === '?',
        }),
      )
      return heading.split(', ').map((name): [string, Field[]] => [name.replaceAll('`', ''), fields])
    }),
)

/** What a type's name means; every other name is a literal in backticks or an object's table. */
const FORMATS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  seconds: (value) => Number.isInteger(value),
  null: (value) => value === null,
  empty: (value) => value === '',
  session: matching(/^SESS-[0-9A-HJKMNP-TV-Z]{10}$/),
  key: matching(/^(?:task:[^/]+\/.+|(?!task:|\/).+)$/),
  time: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  commit: matching(/^[0-9a-f]{40}$/),
  blob: matching(/^[0-9a-f]{40}$/),
}

function matching(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value)
}

/** What is wrong with a value by the page, and which fields (`Lock.key`) were found in it. */
interface Findings {
  readonly problems: readonly string[]
  readonly seen: readonly string[]
}

function look(value: unknown, type: string, at: string): Findings {
  if (type.startsWith('list of ')) {
    if (!Array.isArray(value)) return { problems: [`${at} is no list`], seen: [] }
    return joined(value.map((item) => look(item, type.slice('list of '.length), `${at}[]`)))
  }
  const tried = type.split(/, | or /).map((each) => lookAsOne(value, each, at))
  const [first] = tried
  const fitting = tried.find(({ problems }) => problems.length === 0)
  if (fitting !== undefined) return fitting
  return tried.length === 1 && first !== undefined
    ? first
    : { problems: [`${at} is not ${type}: ${JSON.stringify(value)}`], seen: [] }
}

function lookAsOne(value: unknown, type: string, at: string): Findings {
  const literal = /^`(.*)`$/.exec(type)
  const fits = literal ? (each: unknown) => each === literal[1] : FORMATS[type]
  if (fits === undefined) return lookInto(value, type, at)
  return { problems: fits(value) ? [] : [`${at} is no ${type}: ${JSON.stringify(value)}`], seen: [] }
}

/** Compares an object with the table `name`. */
function lookInto(value: unknown, name: string, at: string): Findings {
  const fields = TABLES.get(name)
  if (fields === undefined) return { problems: [`${at}: the page has no table "${name}"`], seen: [] }
  if (typeof value !== 'object' || value === null) return { problems: [`${at} is no ${name}`], seen: [] }
  const found = new Map(Object.entries(value))
  const listed = new Set(fields.map((field) => field.name))
  const missing = fields.filter((field) => !field.optional && !found.has(field.name))
  return joined([
    {
      problems: [
        ...[...found.keys()]
          .filter((key) => !listed.has(key))
          .map((key) => `${at}.${key} is not listed in "${name}"`),
        ...missing.map((field) => `${at}.${field.name} is listed in "${name}" but not there`),
      ],
      seen: [],
    },
    ...fields
      .filter((field) => found.has(field.name))
      .map((field) => {
        const { problems, seen } = look(found.get(field.name), field.type, `${at}.${field.name}`)
        return { problems, seen: [`${name}.${field.name}`, ...seen] }
      }),
  ])
}

function joined(parts: readonly Findings[]): Findings {
  return { problems: parts.flatMap(({ problems }) => problems), seen: parts.flatMap(({ seen }) => seen) }
}

/** A command that ran with --json. */
export interface Run extends Outcome {
  readonly args: readonly string[]
}

/** Compares what a command printed with its part of the page. */
export function lookAtRun({ args, status, stdout, stderr }: Run): Findings {
  const line = args.join(' ')
  const command = [...TABLES.keys()]
    .filter((name) => line === name || line.startsWith(`${name} `))
    .sort((a, b) => b.length - a.length)[0]
  const answers = stdout.split('\n').slice(0, -1)
  const errors = stderr.split('\n').slice(0, -1)
  return joined([
    ...answers.map((text) => {
      const { schema, ...answer } = JSON.parse(text)
      const { problems, seen } = lookInto(answer, command ?? line, line)
      return { problems: schema === 1 ? problems : [`${line} has no schema`, ...problems], seen }
    }),
    ...errors.map((text) => {
      const { error, ...more } = JSON.parse(text)
      const { problems, seen } = lookInto(error, 'Error', `${line}: error`)
      const extra = Object.keys(more).map((key) => `${line}: ${key} stands beside error`)
      return { problems: [...extra, ...problems, ...wrongForCode(line, status, error)], seen }
    }),
    { problems: answers.length + errors.length > 0 ? [] : [`${line} printed nothing`], seen: [] },
  ])
}

/** The rows of the table of codes: exit status and optional fields. */
export const CODES = new Map(
  [...PAGE.matchAll(/^\| `(DW_\w+)` \| (\d+) \| (.*)\|$/gm)].map(
    ([, code = '', status, fields = '']) =>
      [
        code,
        { status: Number(status), fields: [...fields.matchAll(/`(\w+)`/g)].map(([, name = '']) => name) },
      ] as const,
  ),
)

function wrongForCode(line: string, status: number | null, error: { readonly code: string }): string[] {
  const row = CODES.get(error.code)
  const optional = (TABLES.get('Error') ?? []).filter((field) => field.optional).map(({ name }) => name)
  const unlisted = Object.keys(error).filter(
    (key) => optional.includes(key) && row?.fields.includes(key) !== true,
  )
  return [
    ...(row?.status === status ? [] : [`${line}: ${error.code} exits with ${status}`]),
    ...unlisted.map((key) => `${line}: ${key} is not listed with ${error.code}`),
  ]
}
