/**
 * Sends `signal` to all of the process group that `leader` leads; to nobody where the last of it has gone. False where
 * none of those that are left may be sent it, for they run as somebody else.
 */
export function killGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-leader, signal)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
    return code === 'ESRCH'
  }
}
