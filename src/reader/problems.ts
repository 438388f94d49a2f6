import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'

/** What is wrong with a remote, as errors that name it by its URL without credentials. */
export class RemoteProblems {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** DW_REMOTE or DW_OFFLINE for a status that is not 200. `tried`: credentials were shown. */
  ofStatus(status: number, tried: boolean): DwError {
    const asks = status === 401 || status === 203
    if (asks && tried) {
      return this.#remote(`does not take these credentials (${status})`, [
        'look whether the token has expired, and whether it may read the repository',
      ])
    }
    if (asks) {
      return this.#remote(`wants credentials (${status})`, [
        'set DW_TOKEN to a token that may read the repository',
      ])
    }
    if (status === 403) {
      return this.#remote('may not be read by you (403)', [
        'use a token that may read the repository: DW_TOKEN',
      ])
    }
    if (status === 404 || status === 410) {
      return this.#remote(`is not there (${status})`, [
        'look at the URL: it is the one that git clones from',
        'a private repository may hide like this: set DW_TOKEN',
      ])
    }
    if (status === 429 || status >= 500) {
      return this.#offline(`cannot answer now (${status})`, ['try again later'])
    }
    return this.#remote(`gives an answer that git has no use for (${status})`, ['look at the URL'])
  }

  /** DW_OFFLINE for a connection that failed, DW_REMOTE for a certificate that is not trusted. */
  ofConnection(cause: unknown): DwError {
    const code = codeOf(cause)
    if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|HOSTNAME_MISMATCH/.test(code)) {
      return this.#remote(
        `has a certificate that is not trusted (${code})`,
        ['name the file of its authority in NODE_EXTRA_CA_CERTS'],
        cause,
      )
    }
    const why = code === '' ? '' : ` (${code})`
    return this.#offline(
      `cannot be reached${why}`,
      ['look at the host in the URL, or try again later'],
      cause,
    )
  }

  late(seconds: number): DwError {
    return this.#offline(`has not answered in full within ${seconds}s`, ['try again later'])
  }

  brokenOff(cause?: unknown): DwError {
    return this.#offline('broke off in the middle of an answer', ['try again later'], cause)
  }

  notGit(cause?: unknown): DwError {
    return this.#remote(
      'is no git repository: what answers there does not speak git',
      ['look at the URL: it is the one that git clones from'],
      cause,
    )
  }

  dumb(): DwError {
    return this.#remote("only hands out files (git's dumb protocol)", [
      'smart HTTP is needed: git http-backend, or a host that has it',
    ])
  }

  old(): DwError {
    return this.#remote("does not speak version 2 of git's protocol", [
      'git 2.18 or newer is needed on the server; a clone can still read it: git dw sync',
    ])
  }

  otherFormat(format: string): DwError {
    return this.#remote(`names objects by ${format}, which cannot be read from here`, [
      'only SHA-1 repositories can; in a clone: git dw sync && git dw locks',
    ])
  }

  redirected(to: string): DwError {
    return this.#remote(`leads to "${to}", where your credentials are not sent`, [
      `if you trust it, name it yourself: --remote ${shellWord(to)}`,
    ])
  }

  lost(): DwError {
    return this.#remote('leads to no address, or on and on', ['look at the URL'])
  }

  downgraded(): DwError {
    return this.#remote('leads to an address without https', ['look at the URL'])
  }

  tooMuch(what: string): DwError {
    return this.#remote(`has more than can be read in memory: ${what}`, ['read it in a clone: git dw sync'])
  }

  damaged(cause: unknown): DwError {
    return this.#remote('sent a pack that cannot be read', ['try again, or read it in a clone'], cause)
  }

  /** What the server itself says, shown and not read. */
  refused(said: string): DwError {
    return this.#remote(`refuses to send the records: ${said.trim().slice(0, 500)}`, ['try again'])
  }

  noRecords(): DwError {
    return new DwError('DW_NOT_FOUND', `"${this.#url}" has no records of git dw: no refs/dw`, {
      hints: ['share them from a clone of it: git dw share', 'or its server hides them (transfer.hideRefs)'],
      details: { remote: this.#url },
    })
  }

  #remote(problem: string, hints: readonly string[], cause?: unknown): DwError {
    return this.#error('DW_REMOTE', problem, hints, cause)
  }

  #offline(problem: string, hints: readonly string[], cause?: unknown): DwError {
    return this.#error('DW_OFFLINE', problem, hints, cause)
  }

  #error(
    code: 'DW_REMOTE' | 'DW_OFFLINE',
    problem: string,
    hints: readonly string[],
    cause: unknown,
  ): DwError {
    const details = { remote: this.#url }
    return new DwError(code, `"${this.#url}" ${problem}`, { hints, details, cause })
  }
}

/** The code of the error under an error, such as ECONNREFUSED; empty for none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return code
  return codeOf(error.cause)
}
