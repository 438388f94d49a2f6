import { readFileSync } from 'node:fs'

/** The login name of a uid in /etc/passwd (passwd(5)); undefined where the file does not have it. */
export function nameInPasswd(uid: number | undefined): string | undefined {
  return entries()
    .map((line) => line.split(':'))
    .find(([, , id]) => uid !== undefined && id === String(uid))?.[0]
}

function entries(): string[] {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n')
  } catch {
    return []
  }
}
