import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the JSON report goes, when somebody wants one; `.ci/run` does. */
const report = process.env['DW_TEST_REPORT']

/** What runs against the Node build too, where the rest has run against the native one. */
const AGAINST_BOTH = ['commands', 'errors', 'races'].map((name) => `test/${name}/**/*.test.ts`)

/** What runs over ssh and HTTP too: all that speaks to a hub. */
const OVER_A_SERVER = ['test/share/**/*.test.ts', 'test/server-hook/{clients,refused}.test.ts']
/** What never does so. */
const WITHOUT_A_HUB = ['test/share/plan.test.ts']

/** The files that take a minute and more, the longest first. */
const LONG = [
  'fault-run',
  'every-step',
  'killed',
  'silent',
  'fence',
  'scripts',
  'sync',
  'part-of-a-transaction',
  'servers',
  'simulation',
]

/** Starts the long files first, so that none of them runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return place < 0 ? LONG.length : place
    }
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => placeOf(a) - placeOf(b))
  }
}

function project(
  build: string,
  include: string[],
  more: NodeJS.ProcessEnv = {},
): TestProjectInlineConfiguration {
  return { extends: true, test: { name: build, include, env: { DW_TEST_BUILD: build, ...more } } }
}

/** What runs with each test file. */
const SET_UP = ['test/share/drop-hubs.ts']

/** The same tests, spoken to the hub through a real server. */
function over(transport: string, build: string): TestProjectInlineConfiguration {
  const env = { DW_TEST_BUILD: build, DW_TEST_TRANSPORT: transport }
  const setupFiles = [...SET_UP, 'test/transports/serve.ts']
  const include = OVER_A_SERVER
  const exclude = WITHOUT_A_HUB
  return {
    extends: true,
    test: { name: transport, include, exclude, env, setupFiles },
  }
}

/**
 * One build where `DW_TEST_BUILD` names it or only one is there; else the native one, and both for what must agree.
 * What speaks to a hub runs with the native build through files and over ssh, and with the other over HTTP.
 */
function projects(): TestProjectInlineConfiguration[] {
  const all = ['test/**/*.test.ts']
  const asked = process.env['DW_TEST_BUILD']
  const hasNative = existsSync(join(import.meta.dirname, 'dist/native/git-dw'))
  const first = asked ?? (hasNative ? 'native' : 'node')
  const hasBoth = asked === undefined && hasNative
  const second = hasBoth ? [project('node', AGAINST_BOTH, { DW_TEST_KILLS: '4' })] : []
  return [project(first, all), ...second, over('ssh', first), over('http', hasBoth ? 'node' : first)]
}

export default defineConfig({
  test: {
    projects: projects(),
    globals: false,
    // For what hangs, and no measure of speed: tests start real processes, many at a time, on machines that may be busy.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    // it imports a directory, which only bundlers resolve
    server: { deps: { inline: ['clipanion'] } },
    pool: 'forks',
    // importing everything anew for each of three hundred files takes a tenth of the time; none of them leaves
    // anything in a module, and what they look at is made by processes
    isolate: false,
    setupFiles: SET_UP,
    // more than the two processors of a small machine: tests wait for a disk and a clock, too
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
