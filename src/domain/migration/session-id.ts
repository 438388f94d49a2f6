/** Why `id` cannot be a session's (design §3): it is one component of a ref, and starts with `SESS-`. */
export function sessionIdProblem(id: string): string | null {
  if (!id.startsWith('SESS-') || id === 'SESS-') return 'does not start with "SESS-"'
  if (id.length > 100) return `has ${id.length} characters; 100 is the most`
  return /^[A-Za-z0-9_.-]+$/.test(id) ? null : 'has characters other than letters, digits, ".", "_" and "-"'
}
