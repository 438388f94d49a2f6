import { spawn } from 'node:child_process'
import { platform } from 'node:os'

/**
 * Syncs the whole file system that `path` lies on (syncfs(2), by way of sync(1)). Whether that was done: away
 * from Linux, sync(1) may end before the disk has all.
 */
export async function syncFileSystem(path: string): Promise<boolean> {
  if (platform() !== 'linux') return false
  return new Promise((resolve) => {
    // in a session of its own: a signal for this process does not end it
    const child = spawn('sync', ['-f', path], { stdio: 'ignore', detached: true })
    child.on('error', () => resolve(false))
    child.on('close', (status) => resolve(status === 0))
  })
}
