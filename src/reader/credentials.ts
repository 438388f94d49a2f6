import type { Address } from './address.ts'

/** What a server may be shown: a token, or a user name and a password. */
export type Credentials =
  | { readonly token: string; readonly username?: string }
  | { readonly username: string; readonly password: string }

/** Asks whoever knows; null or undefined for nothing. `url` has no credentials in it. */
export type OnAuth = (url: string) => Credentials | null | undefined | Promise<Credentials | null | undefined>

/** The user name beside a token where the URL has none: hosts want one and most do not look at it. */
const TOKEN_USER = 'x-access-token'

/** Where credentials come from, in their order: the URL, a token, a function. */
export interface CredentialSources {
  readonly token?: string
  readonly onAuth?: OnAuth
}

/**
 * The Authorization headers to try, one after the other. They are asked for only after the server has
 * said that it wants some, as git does it, so that a public repository is never shown a token.
 */
export async function* authorizations(
  { url, login }: Address,
  { token, onAuth }: CredentialSources,
): AsyncGenerator<string> {
  if (login !== null && login.password !== null) yield basic(login.username, login.password)
  if (token !== undefined && token !== '') yield basic(login?.username || TOKEN_USER, token)
  // a token may stand where the user name does, as some hosts have it
  if (login !== null && login.password === null && !token) yield basic(login.username, '')
  const asked = (await onAuth?.(url)) ?? null
  if (asked !== null) {
    if ('token' in asked) yield basic(asked.username ?? TOKEN_USER, asked.token)
    else yield basic(asked.username, asked.password)
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
