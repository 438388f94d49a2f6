// Reads vitest's JSON report, names what failed or was skipped without leave, and ends with the counts.
//   node scripts/test-summary.mjs <report.json> [<allowed-skips.txt>]
// Exit 0: tests ran, none failed, every skipped one is allowed. Exit 1: anything else.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [reportFile, skipsFile = fileURLToPath(new URL('../test/allowed-skips.txt', import.meta.url))] =
  process.argv.slice(2)

const problems = []

/** The entries of the list of allowed skips; an entry without a comment line above it is a problem. */
function allowedSkips(file) {
  const entries = []
  let previous = ''
  for (const line of readFileSync(file, 'utf8')
    .split('\n')
    .map((text) => text.trim())) {
    if (line !== '' && !line.startsWith('#')) {
      if (previous.startsWith('#')) entries.push(line)
      else problems.push(`no reason is given above this allowed skip: ${line}`)
    }
    previous = line
  }
  return entries
}

/** The report's test files; a run that wrote no readable report counts as one that failed. */
function testFiles(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).testResults
  } catch (error) {
    return [{ name: 'the test run', status: 'failed', message: error.message, assertionResults: [] }]
  }
}

const allowed = allowedSkips(skipsFile)
const count = { passed: 0, failed: 0, skipped: 0 }

for (const file of testFiles(reportFile)) {
  for (const test of file.assertionResults) {
    if (test.status === 'passed') {
      count.passed += 1
    } else if (test.status === 'failed') {
      count.failed += 1
      problems.push(`failed: ${test.fullName}`)
    } else {
      count.skipped += 1
      if (!allowed.some((start) => test.fullName.startsWith(start))) {
        problems.push(`${test.status} and not in the list of allowed skips: ${test.fullName}`)
      }
    }
  }
  // A file that broke outside its tests (an import, a hook) has no failed test to be counted.
  if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
    count.failed += 1
    problems.push(`failed: ${file.name}: ${file.message}`)
  }
}

if (count.passed + count.failed === 0) problems.push('no test ran')
for (const problem of problems) process.stdout.write(`${problem}\n`)
const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
