/** Something a layer may import: a directory of src/ (`git/`), or one file, perhaps for its types only. */
export interface Target {
  readonly to: string
  readonly typesOnly?: true
}

const to = (target: string): Target => ({ to: target })

/**
 * Who may import whom (design §12): a layer is a file or a directory right under src/. A layer may always
 * import itself. What has no row may not exist, and what is not in a row may not be imported.
 */
export const ARROWS: Readonly<Record<string, readonly Target[]>> = {
  'main.ts': [to('cli/')],
  'completions.ts': [to('cli/'), to('report/')],
  'load.ts': [],
  'man.ts': [to('cli/'), to('report/'), to('../package.json')],
  'cli/': [
    to('commands/'),
    to('flows/'),
    to('report/'),
    to('store/'),
    to('git/'),
    to('domain/'),
    to('../package.json'),
  ],
  'commands/': [
    to('cli/command.ts'),
    to('cli/claiming-command.ts'),
    { to: 'cli/context.ts', typesOnly: true },
    to('flows/'),
    to('report/'),
    to('domain/'),
  ],
  'flows/': [
    to('share/'),
    to('reader/'),
    to('legacy/'),
    to('store/'),
    to('programs/'),
    to('git/'),
    to('domain/'),
  ],
  'share/': [to('store/'), to('git/'), to('domain/')],
  'store/': [to('git/'), to('domain/')],
  'reader/': [to('store/schema.ts'), to('store/codec.ts'), to('store/ref-names.ts'), to('domain/')],
  'legacy/': [to('store/fields.ts'), to('domain/')],
  'report/': [to('domain/')],
  'programs/': [],
  'git/': [to('domain/error.ts'), { to: 'domain/record.ts', typesOnly: true }],
  'domain/': [],
}

/**
 * The only files that start processes: git, by Node's means and by those of the native build, commands that the
 * user wrote, and sync(1).
 */
export const PROCESS_STARTERS: readonly string[] = [
  'git/exec.ts',
  'git/native-process.ts',
  'programs/sync-file-system.ts',
  'programs/user-command.ts',
]

/** Modules and packages that start processes. */
export const PROCESS_MODULES: readonly string[] = [
  'child_process',
  'cluster',
  'execa',
  'tinyexec',
  'cross-spawn',
]

/** The only places that read `process.*`: nothing else can end a process group. */
export const PROCESS_READERS: readonly string[] = ['main.ts', 'cli/', 'git/process-group.ts']

/** The only module domain/ may import from outside. */
export const DOMAIN_MODULES: readonly string[] = ['node:crypto']

/** What domain/ may not do: it is given the time and random values. */
export const IMPURE: Readonly<Record<string, RegExp>> = {
  'Date.now': /(?<![\w$])Date\s*\.\s*now\b/g,
  'new Date() without arguments': /(?<![\w$.])new\s+Date(?![\w$.])(?!\s*\()|(?<![\w$.])new\s+Date\s*\(\s*\)/g,
  'Date() as a function': /(?<![\w$.]|new\s+)Date\s*\(/g,
  'Math.random': /(?<![\w$])Math\s*\.\s*random\b/g,
  'a random value':
    /(?<![\w$])(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues)\b/g,
  'a clock': /(?<![\w$])(?:performance\s*\.|hrtime\b)/g,
}

/** Most lines a source file may have. */
export const MAX_LINES = 300

/** Names that hide what is inside. */
export const VAGUE_NAMES: readonly string[] = [
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'misc',
  'manager',
  'managers',
]
