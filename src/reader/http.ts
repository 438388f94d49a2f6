import type { GitHttpRequest, GitHttpResponse } from 'isomorphic-git'
import { type Address, isLoopback } from './address.ts'
import { authorizations, type CredentialSources } from './credentials.ts'
import { packetsOf } from './packet-lines.ts'
import type { RemoteProblems } from './problems.ts'

/** The most that one answer may have, in bytes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const MAX_REDIRECTS = 5
/** Azure DevOps answers 203 with a page to sign in on. */
const ASKING = [401, 203]
const ADVERTISEMENT = 'application/x-git-upload-pack-advertisement'

/**
 * HTTP as isomorphic-git wants it, with what it leaves open: answers are bounded, only the first request
 * follows redirects (as git does), and credentials stay with the host that they were meant for.
 */
export class RemoteHttp {
  readonly #address: Address
  readonly #problems: RemoteProblems
  readonly #signal: AbortSignal
  readonly #more: AsyncGenerator<string>
  #authorization: string | null = null
  /** Where the repository is after redirects. */
  #base: string
  /** The first answer is kept: isomorphic-git asks for it twice. */
  #advertised: Promise<Answer> | null = null

  constructor(
    address: Address,
    options: { sources: CredentialSources; problems: RemoteProblems; signal: AbortSignal },
  ) {
    this.#address = address
    this.#base = address.url
    this.#problems = options.problems
    this.#signal = options.signal
    this.#more = authorizations(address, options.sources)
  }

  /** isomorphic-git's HttpClient. Throws DW_REMOTE and DW_OFFLINE. */
  readonly request = async (request: GitHttpRequest): Promise<GitHttpResponse> => {
    const { body, headers = {} } = request
    if (body === undefined) {
      this.#advertised ??= this.#discover(headers)
      return this.#whole(await this.#advertised)
    }
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return this.#whole(await this.#post(headers, Buffer.concat(chunks)))
  }

  #whole(answer: Answer): GitHttpResponse {
    packetsOf(answer.body, this.#problems)
    return response(answer)
  }

  /** Sends one request of git's protocol to `git-upload-pack`, and returns the whole answer. */
  async command(body: Buffer): Promise<Buffer> {
    const headers = {
      'content-type': 'application/x-git-upload-pack-request',
      accept: 'application/x-git-upload-pack-result',
      'git-protocol': 'version=2',
    }
    return (await this.#post(headers, body)).body
  }

  async #discover(headers: Readonly<Record<string, string>>): Promise<Answer> {
    let url = `${this.#address.url}/info/refs?service=git-upload-pack`
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await this.#authorized(url, { headers })
      if (answer.location === null) return this.#checked(answer, url)
      const next = URL.canParse(answer.location, url) ? new URL(answer.location, url) : null
      if (next === null) throw this.#problems.lost()
      if (next.protocol !== 'https:' && !(next.protocol === 'http:' && isLoopback(next)))
        throw this.#problems.downgraded()
      if (new URL(url).protocol === 'https:' && next.protocol === 'http:') throw this.#problems.downgraded()
      next.username = next.password = next.hash = ''
      url = next.href
    }
    throw this.#problems.lost()
  }

  /** The answer, if it is an advertisement of git's; what follows goes to where it came from. */
  #checked(answer: Answer, url: string): Answer {
    if (answer.status !== 200) throw this.#problems.ofStatus(answer.status, this.#authorization !== null)
    if (answer.type !== ADVERTISEMENT) {
      const start = answer.body.subarray(0, 100).toString('latin1')
      throw /^[0-9a-f]{40,64}\t/.test(start) ? this.#problems.dumb() : this.#problems.notGit()
    }
    const end = url.indexOf('/info/refs?service=git-upload-pack')
    if (end < 0) throw this.#problems.notGit()
    this.#base = url.slice(0, end)
    return answer
  }

  async #post(headers: Readonly<Record<string, string>>, body: Buffer): Promise<Answer> {
    const answer = await this.#authorized(`${this.#base}/git-upload-pack`, { headers, body })
    if (answer.status !== 200) throw this.#problems.ofStatus(answer.status, this.#authorization !== null)
    return answer
  }

  /** Sends a request, and again with the next credentials while the server wants other ones. */
  async #authorized(
    url: string,
    request: { readonly headers: Readonly<Record<string, string>>; readonly body?: Buffer },
  ): Promise<Answer> {
    const isOurs = new URL(url).origin === new URL(this.#address.url).origin
    for (;;) {
      const authorization = isOurs ? this.#authorization : null
      const headers = { ...request.headers, ...(authorization === null ? {} : { authorization }) }
      const answer = await this.#send(url, { ...request, headers })
      if (!ASKING.includes(answer.status)) return answer
      const shown = new URL(url)
      if (!isOurs)
        throw this.#problems.redirected(`${shown.origin}${shown.pathname.replace(/\/info\/refs$/, '')}`)
      const next = await this.#more.next()
      if (next.done) return answer
      this.#authorization = next.value
    }
  }

  async #send(
    url: string,
    { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body?: Buffer },
  ): Promise<Answer> {
    const method = body === undefined ? 'GET' : 'POST'
    const options = { method, headers, redirect: 'manual' as const, signal: this.#signal }
    const answer = await fetch(url, body === undefined ? options : { ...options, body }).catch((cause) => {
      throw this.#signal.aborted ? this.#signal.reason : this.#problems.ofConnection(cause)
    })
    const { status } = answer
    const isRedirect = [301, 302, 303, 307, 308].includes(status)
    return {
      status,
      type: answer.headers.get('content-type') ?? '',
      location: isRedirect ? answer.headers.get('location') : null,
      body: status === 200 ? await this.#bodyOf(answer) : await ignored(answer),
    }
  }

  async #bodyOf(answer: Response): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      for await (const chunk of answer.body ?? []) {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) break
        chunks.push(chunk)
      }
    } catch (cause) {
      throw this.#signal.aborted ? this.#signal.reason : this.#problems.brokenOff(cause)
    }
    if (bytes > MAX_ANSWER_BYTES) throw this.#problems.tooMuch(`an answer over ${MAX_ANSWER_BYTES >> 20} MiB`)
    return Buffer.concat(chunks)
  }
}

interface Answer {
  readonly status: number
  readonly type: string
  /** Where a redirect leads; null for other answers. */
  readonly location: string | null
  readonly body: Buffer
}

/** What a page of an error says is not read. */
async function ignored(answer: Response): Promise<Buffer> {
  await answer.body?.cancel().catch(() => undefined)
  return Buffer.alloc(0)
}

function response({ status, type, body }: Answer): GitHttpResponse {
  const whole = (async function* () {
    yield body
  })()
  return { url: '', statusCode: status, statusMessage: '', headers: { 'content-type': type }, body: whole }
}
