// Runs a program that speaks git's protocol on its streams, and cuts the nth of a call's connections:
// `<how> <bytes> <nth> <directory> <program> <arguments>`. "refused": at once. "before": before the request comes
// through. "during": after so many bytes of it. "after": when the answer begins. "late": the request comes through
// when nobody waits for the answer any more.
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [how, bytes, nth, directory, program, ...args] = process.argv.slice(2)

/** After so many milliseconds without more of it, a request is whole. */
const WHOLE = 150

function connection() {
  for (let at = 1; ; at += 1) {
    try {
      mkdirSync(join(directory, `connection-${at}`))
      return at
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
}

function through() {
  const server = spawn(program, args, { stdio: 'inherit' })
  server.on('close', (status) => process.exit(status ?? 1))
}

function cut() {
  writeFileSync(join(directory, 'done'), '')
  if (how === 'refused') process.exit(128)
  const server = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const request = []
  let left = Number(bytes)
  let timer
  server.stdin.on('error', () => undefined)
  server.on('close', (status) => process.exit(status ?? 1))
  server.stdout.on('data', (chunk) => {
    if (request.length === 0) process.stdout.write(chunk)
    else process.exit(1)
  })
  process.stdin.on('data', (chunk) => {
    request.push(chunk)
    if (how === 'before') process.exit(1)
    if (how === 'after') server.stdin.write(chunk)
    if (how === 'during') {
      server.stdin.write(chunk.subarray(0, left), () => left <= 0 && process.exit(1))
      left -= chunk.length
    }
    if (how === 'late') {
      clearTimeout(timer)
      timer = setTimeout(() => sendLate(server, request), WHOLE)
    }
  })
  // a request that is shorter than it was to be cut after, or none at all
  process.stdin.on('end', () => (how !== 'late' || request.length === 0) && process.exit(1))
}

/** The request, to a server of its own that nobody listens to, after one to four seconds. */
function sendLate(server, request) {
  const file = join(directory, 'request')
  writeFileSync(file, Buffer.concat(request))
  server.kill('SIGKILL')
  const seconds = 1 + (Number(bytes) % 4)
  const script = `sleep ${seconds}; exec "$@"`
  spawn('sh', ['-c', script, 'sh', program, ...args], {
    stdio: [openSync(file, 'r'), 'ignore', 'ignore'],
    detached: true,
  }).unref()
  process.exit(1)
}

if (connection() === Number(nth) || nth === 'all') cut()
else through()
