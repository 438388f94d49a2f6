import { defineConfig } from 'vitest/config'

/** Where the JSON report goes, when somebody wants one; `.ci/run` does. */
const report = process.env['DW_TEST_REPORT']

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
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
