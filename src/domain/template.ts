import type { TaskKey } from './key.ts'
import { encodeFileName } from './name.ts'

/** A template filled in, or the placeholder in it that means nothing. */
export type Filled = { readonly text: string } | { readonly unknown: string }

/** Fills `{project}` and `{task}` in, encoded for branches and directories (design §3, §9). */
export function fillTemplate(template: string, task: TaskKey): Filled {
  const values: ReadonlyMap<string, string> = new Map([
    ['task', task.task],
    ['project', task.project],
  ])
  const unclosed = /\{[^}]*$/.exec(template)
  if (unclosed !== null) return { unknown: unclosed[0] }
  const placeholders = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name)
  const unknown = placeholders.find((name) => !values.has(name))
  if (unknown !== undefined) return { unknown }
  return { text: template.replace(PLACEHOLDER, (_, name: string) => encodeFileName(values.get(name) ?? '')) }
}

const PLACEHOLDER = /\{([^}]*)\}/g
