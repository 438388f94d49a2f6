import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the JSON report goes, when somebody wants one; `.ci/run` does. */
const report = process.env['DW_TEST_REPORT']

/** Starts the files that take minutes first, so that none of them runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      /\/(?:every-step|killed|fence|servers)\.test\.ts$/.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globals: false,
    // Tests start real git and git dw processes, many at a time in the races.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // it imports a directory, which only bundlers resolve
    server: { deps: { inline: ['clipanion'] } },
    pool: 'forks',
    // more than the two processors of a small machine: tests wait a third of their time
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
