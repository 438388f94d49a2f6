import { spawn } from 'node:child_process'
import {
  collector,
  type EndedProcess,
  endProcess,
  LEFT_OPEN,
  limitTime,
  type ProcessOptions,
} from './git-process.ts'

/** Runs git. Rejects with what Node says where it cannot be started. */
export async function runInNode(args: readonly string[], options: ProcessOptions): Promise<EndedProcess> {
  const { cwd, env, input, detached, each } = options
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, env, stdio: 'pipe', detached })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const limit = limitTime(child, options)
    const stop = () => endProcess(child)
    child.stdout.on('data', collector(each ?? ((chunk) => stdout.push(chunk) > 0), stop))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // git may leave before it has read all its input; its exit status tells what that means
    child.stdin.on('error', () => undefined)
    child.on('error', (cause) => {
      limit()
      reject(cause)
    })
    child.on('exit', (_, signal) => {
      if (signal === null) return
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, LEFT_OPEN).unref()
    })
    child.on('close', (status) => {
      const cutOff = limit()
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), cutOff })
    })
    child.stdin.end(input)
  })
}
