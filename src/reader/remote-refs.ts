import { Errors, getRemoteInfo2, indexPack, listServerRefs, readObject } from 'isomorphic-git'
import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import { type Decoded, decode } from '../store/codec.ts'
import type { RefName } from '../store/ref-names.ts'
import { fetchRequest, packIn } from './fetch-request.ts'
import type { RemoteHttp } from './http.ts'
import { MemoryFiles } from './memory-files.ts'
import { unpackedSize } from './pack-size.ts'
import type { RemoteProblems } from './problems.ts'

/** The most refs under `refs/dw` that are looked at. */
const MAX_REFS = 50_000
/** The most that the records together may have, in bytes. */
const MAX_RECORDS_BYTES = 128 * 1024 * 1024
const PREFIX = 'refs/dw/'
/** Where the pack stands in memory. */
const GITDIR = '/repository'
const PACK = 'objects/pack/pack-records.pack'

/** One ref as it was read. */
export interface Entry {
  readonly ref: RefName
  readonly oid: BlobId
  readonly content: Decoded
}

/** The refs under `refs/dw` of a repository elsewhere, and what they hold, all in memory. */
export class RemoteRefs {
  readonly #url: string
  readonly #http: RemoteHttp
  readonly #problems: RemoteProblems
  #features: readonly string[] = []

  constructor(url: string, http: RemoteHttp, problems: RemoteProblems) {
    this.#url = url
    this.#http = http
    this.#problems = problems
  }

  /** Every ref under `refs/dw` with what it points at, in one request after the first. */
  async list(): Promise<ReadonlyMap<RefName, BlobId>> {
    const asked = { http: this.#http, url: this.#url }
    const info = await this.#understood(getRemoteInfo2({ ...asked, protocolVersion: 2 }))
    if (info.protocolVersion !== 2) throw this.#problems.old()
    const { fetch, 'object-format': format = 'sha1' } = info.capabilities as Record<string, string | true>
    if (format !== 'sha1') throw this.#problems.otherFormat(String(format).slice(0, 20))
    this.#features = typeof fetch === 'string' ? fetch.split(' ') : []
    const refs = await this.#understood(listServerRefs({ ...asked, prefix: PREFIX }))
    if (refs.length > MAX_REFS) throw this.#problems.tooMuch(`${refs.length} refs, ${MAX_REFS} is the most`)
    // a server need not keep to the prefix
    const ours = refs.filter(({ ref, oid }) => ref?.startsWith(PREFIX) && /^[0-9a-f]{40}$/.test(oid))
    return new Map(ours.map(({ ref, oid }) => [ref as RefName, oid as BlobId]))
  }

  /** Reads what `refs` point at, in one request. What cannot be read is told in its entry. */
  async read(refs: ReadonlyMap<RefName, BlobId>): Promise<Entry[]> {
    if (refs.size === 0) return []
    const request = fetchRequest([...new Set(refs.values())], this.#features)
    const pack = packIn(await this.#http.command(request), this.#problems)
    const fs = new MemoryFiles()
    await this.#index(fs, pack)
    const from = { fs, gitdir: GITDIR, cache: {} }
    const entries: Entry[] = []
    for (const [ref, oid] of refs) entries.push({ ref, oid, content: await contentOf(ref, oid, from) })
    return entries
  }

  async #index(fs: MemoryFiles, pack: Buffer): Promise<void> {
    try {
      const size = unpackedSize(pack, MAX_RECORDS_BYTES)
      if (size === null) throw this.#problems.tooMuch(`records over ${MAX_RECORDS_BYTES >> 20} MiB`)
      await fs.promises.writeFile(`${GITDIR}/${PACK}`, pack)
      await indexPack({ fs, dir: GITDIR, gitdir: GITDIR, filepath: PACK })
    } catch (error) {
      throw error instanceof DwError ? error : this.#problems.damaged(error)
    }
  }

  /** What isomorphic-git could make of an answer; anything that it could not is no git to us. */
  async #understood<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      throw error instanceof DwError ? error : this.#problems.notGit(error)
    })
  }
}

async function contentOf(
  ref: RefName,
  oid: BlobId,
  from: { fs: MemoryFiles; gitdir: string; cache: object },
): Promise<Decoded> {
  try {
    const { type, object } = await readObject({ ...from, oid, format: 'content' })
    if (type !== 'blob') return { ok: false, newer: false, problem: `is a ${type}, not a blob` }
    return decode(ref, object as Uint8Array)
  } catch (error) {
    if (!(error instanceof Errors.NotFoundError)) throw error
    return { ok: false, newer: false, problem: 'was not sent by the server' }
  }
}
