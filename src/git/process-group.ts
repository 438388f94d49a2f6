/**
 * Sends `signal` to all of the process group that `leader` leads; to nobody where the last of it has gone, or runs as
 * somebody else.
 */
export function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
