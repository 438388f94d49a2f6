// Loaded into git dw with NODE_OPTIONS=--import: numbers its steps from outside (git processes, what they are
// sent, changes of local files, the answer) and kills it before the step DW_FAULT_AT. Steps go to DW_FAULT_LOG,
// one a line, with the pid of a git process that outlives it.
import { appendFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'

const require = createRequire(import.meta.url)
const { DW_FAULT_AT: at, DW_FAULT_LOG: log } = process.env
let steps = 0

/** Whether this is the step to die at. */
function step(name, pid = 0) {
  steps += 1
  appendFileSync(log, `${pid} ${name}\n`)
  return String(steps) === at
}

const die = () => process.kill(process.pid, 'SIGKILL')

/** The first commands of a transaction, up to the end of one: about half of them. */
function half(input) {
  const text = String(input)
  const ends = [...text.matchAll(/\0(?=create |update |delete |commit\0)/g)].map(({ index }) => index + 1)
  return text.slice(0, ends[Math.floor(ends.length / 2)] ?? 0)
}

const childProcess = require('node:child_process')
const { spawn } = childProcess
childProcess.spawn = (program, args, options) => {
  const name = `git ${args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c')}`
  if (step(`${name} starts`)) die()
  const child = spawn(program, args, options)
  if (!/update-ref|unpack-objects|worktree|checkout/.test(name)) return child
  const end = child.stdin.end.bind(child.stdin)
  child.stdin.end = (input) => {
    if (step(`${name} without its input`, child.pid)) die()
    if (name === 'git update-ref' && step(`${name} with half its input`, child.pid)) {
      child.stdin.write(half(input), die)
      return child.stdin
    }
    return end(input, () => {
      if (step(`${name} alone`, child.pid)) die()
    })
  }
  return child
}

/** A file's name without what is random in it. */
const shortName = (path) =>
  basename(path)
    .replace(/\.[0-9a-f-]{36}\.tmp$/, '.tmp')
    .replace(/sess-\w+/g, 'sess')

const files = require('node:fs/promises')
for (const call of ['link', 'mkdir', 'rename', 'rm', 'unlink', 'writeFile']) {
  const real = files[call]
  files[call] = async (path, ...rest) => {
    if (step(`${call} ${shortName(String(path))}`)) die()
    return real(path, ...rest)
  }
}
syncBuiltinESMExports()

const write = process.stdout.write.bind(process.stdout)
process.stdout.write = (...args) => {
  if (step('the answer')) die()
  return write(...args)
}
