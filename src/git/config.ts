import { type Git, gitError } from './exec.ts'

/** One value of a setting, and the file or command line it came from, as git names it. */
export interface ConfigValue {
  readonly value: string
  readonly origin: string
}

/** The user's git configuration. Names are as git prints them: section and variable in lower case. */
export class Config {
  readonly #values: ReadonlyMap<string, readonly ConfigValue[]>

  constructor(values: ReadonlyMap<string, readonly ConfigValue[]>) {
    this.#values = values
  }

  /** The last value of `name`, which is the one that counts. */
  get(name: string): ConfigValue | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** All values of `name`, in order, with where each is set. */
  values(name: string): readonly ConfigValue[] {
    return this.#values.get(name) ?? []
  }

  /** All values of `name`, in order; an empty one drops those before it, as git has it for its own lists. */
  all(name: string): readonly string[] {
    const values = (this.#values.get(name) ?? []).map(({ value }) => value)
    return values.slice(values.lastIndexOf('') + 1)
  }

  /** The names of all settings that start with `prefix`. */
  names(prefix: string): string[] {
    return [...this.#values.keys()].filter((name) => name.startsWith(prefix))
  }
}

/**
 * Reads all settings that git sees here, `git -c` and the environment included, in one call. Throws DW_GIT where
 * git does not come to its end: settings that are not known are not those that nobody made, and a clone that takes
 * itself for one that shares nothing would decide alone.
 */
export async function readConfig(git: Git): Promise<Config> {
  const args = ['config', '--list', '--show-origin', '-z']
  const output = await git.run(args)
  if (output.status !== 0) throw gitError(args, output)
  const fields = output.stdout.toString('utf8').split('\0')
  const values = new Map<string, ConfigValue[]>()
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const entry = fields[at + 1] ?? ''
    const end = entry.indexOf('\n')
    // a name without "=" means true
    const name = end < 0 ? entry : entry.slice(0, end)
    const value = end < 0 ? 'true' : entry.slice(end + 1)
    values.set(name, [...(values.get(name) ?? []), { value, origin: fields[at] ?? '' }])
  }
  return new Config(values)
}
