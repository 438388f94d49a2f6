/** What a failed system call says, without the call's own arguments: `no space left on device`. */
export function errnoReason(error: unknown): { readonly code: string; readonly reason: string } {
  if (!(error instanceof Error)) return { code: '', reason: String(error) }
  const code = 'code' in error ? String(error.code) : ''
  // Node puts it as "ENOSPC: no space left on device, write"
  const reason = /^[A-Z0-9]+: ([^,]*)/.exec(error.message)?.[1] ?? error.message
  return { code, reason }
}
