import { DwError } from '../domain/error.ts'

/** A remote's URL, taken apart. */
export interface Address {
  /** Without credentials, query, fragment and the slash at its end: to ask, and to be shown. */
  readonly url: string
  /** What stood in the URL before the `@`; null for nothing. */
  readonly login: { readonly username: string; readonly password: string | null } | null
}

/**
 * Reads a remote's URL. Throws DW_USAGE for what is no https URL; plain http is for this machine alone,
 * because whoever stands between could read a token and change the records.
 */
export function parseAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.host === '' || !/^https?:$/.test(url.protocol)) throw noHttps(text)
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new DwError('DW_USAGE', `"${shownUrl(text)}" is plain http, which others can read and change`, {
      hints: ['use https'],
    })
  }
  if (url.search !== '') {
    throw new DwError('DW_USAGE', `"${shownUrl(text)}" is no repository's URL: there is a "?" in it`, {
      hints: ['give the URL that git clones from'],
    })
  }
  const path = url.pathname.replace(/\/+$/, '')
  return { url: `${url.origin}${path}`, login: loginOf(url) }
}

/** Whether the URL's host is this machine. */
export function isLoopback(url: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
}

/** `text` without what may be a secret in a URL: credentials, query and fragment. */
function shownUrl(text: string): string {
  return text.replace(/\/\/.*@/, '//').replace(/[?#].*$/s, '')
}

function loginOf(url: URL): Address['login'] {
  if (url.username === '' && url.password === '') return null
  return {
    username: decoded(url.username),
    password: url.password === '' ? null : decoded(url.password),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function noHttps(text: string): DwError {
  const scp = /^(?:ssh:\/\/)?[^/@:]+@([^/:]+)[:/](.+)$/.exec(text)
  const hints = ['give a URL like https://example.com/owner/repository.git']
  if (scp !== null) hints.unshift(`over https that may be: https://${scp[1]}/${scp[2]}`)
  else if (/^[\w.-]+$/.test(text)) hints.unshift('in a clone, git dw sync gets what a remote has')
  return new DwError('DW_USAGE', `"${shownUrl(text)}" is no https URL`, { hints })
}
