import type { Answer, Call } from '../history.ts'
import type { Client } from './client.ts'
import { writeCommit } from './commits.ts'
import type { Fault, Operation, Step, Worker } from './plan.ts'
import type { CloneSite, Site } from './site.ts'

/** A session's state as its workers know it. */
interface Seat {
  session: string | null
  readonly held: Set<string>
}

/** Takes the steps of workers, as commands with their words. */
export class Workers {
  readonly #site: Site
  readonly #client: Client
  readonly #seats = new Map<string, Seat>()

  constructor(site: Site, client: Client) {
    this.#site = site
    this.#client = client
  }

  /** Takes a step of a worker's; undefined where its session did not come to be, null for a command that was killed. */
  async take(
    { clone: at, seat: name }: Pick<Worker, 'clone' | 'seat'>,
    { operation, fault, luck }: Step,
    meanwhile?: () => Promise<void>,
  ): Promise<Answer | null | undefined> {
    const clone = this.#site.clones[at]
    if (clone === undefined) throw new Error('a worker without its clone')
    const seat = this.#seats.get(name) ?? { session: null, held: new Set<string>() }
    this.#seats.set(name, seat)
    if (seat.session === null) await this.#start(clone, seat)
    const { session } = seat
    if (session === null) return undefined
    const chosen = choose(operation, [...seat.held], luck)
    const answer = await this.#command(clone, session, chosen, { fault, meanwhile })
    if (seat.session === session) remember(seat, chosen, answer)
    return answer
  }

  /** Starts a session, which may not come to be where something is broken. */
  async #start(clone: CloneSite, seat: Seat): Promise<void> {
    const call: Call = { id: this.#client.next(), clone: clone.id, session: null, kind: 'start', keys: [] }
    const { answer, stdout } = await this.#client.run(call, clone, ['new', '--json'], null)
    if (answer?.code !== null || seat.session !== null) return
    seat.session = String(JSON.parse(stdout).session)
    seat.held.clear()
  }

  async #command(
    clone: CloneSite,
    session: string,
    { kind, keys, ttl }: Operation,
    {
      fault,
      meanwhile,
    }: { readonly fault: Fault | null; readonly meanwhile: (() => Promise<void>) | undefined },
  ): Promise<Answer | null> {
    const id = this.#client.next()
    const why = `call-${id}`
    const claim = ['claim', '--json', '--ttl', `${ttl}s`, '-m', why]
    const made = (words: readonly string[], paths: readonly string[] = []) => {
      const isClaim = kind === 'claim' || kind === 'steal'
      const places = paths.map((path) => `path/${path}`)
      const call: Call = {
        id,
        clone: clone.id,
        session,
        kind,
        keys: places,
        ...(isClaim ? { claim: why } : {}),
      }
      return this.#client.run(call, clone, words, fault, meanwhile)
    }
    const run = async () => {
      switch (kind) {
        case 'claim':
          return made([...claim, '--', ...keys], keys)
        case 'steal':
          return made([...claim, '--steal', '--', ...keys], keys)
        case 'release':
          return made(['release', '--json', ...keys], keys)
        case 'push': {
          const [key = ''] = keys
          // in a directory there is something to write, too
          const path = /^\w+(?:\/deep)?$/.test(key) ? `${key}/new` : key
          const commit = writeCommit(clone.gitDir, this.#site.first, path, why)
          // there is no room for it
          if (commit === null) return made(['sync', '--json'])
          return made(['push', '--json', 'origin', `${commit}:refs/heads/work-${id}`], [path])
        }
        case 'beat':
          return made(['heartbeat', '--force', '--json'])
        case 'share again':
          return made(['share', '--again', '--json'])
        default:
          return made([kind, '--json'])
      }
    }
    return (await run()).answer
  }
}

/** What is released or pushed is mostly what is held, as far as its session was told. */
function choose(operation: Operation, held: readonly string[], luck: number): Operation {
  const { kind, keys } = operation
  if ((kind !== 'release' && kind !== 'push') || held.length === 0 || luck > 0.9) return operation
  const mine = keys.filter((key) => held.includes(key))
  const one = held[Math.floor((luck / 0.9) * held.length)] ?? ''
  return { ...operation, keys: mine.length > 0 ? mine : [one] }
}

function remember(seat: Seat, { kind, keys }: Operation, answer: Answer | null): void {
  const isDone = answer !== null && answer.code === null
  if (isDone && (kind === 'claim' || kind === 'steal')) for (const key of keys) seat.held.add(key)
  if (kind === 'release' && (isDone || isOver(answer))) for (const key of keys) seat.held.delete(key)
  // one who was told that the session is over starts another
  const isGone = kind !== 'release' && kind !== 'push' && isOver(answer)
  if ((kind === 'end' && (answer === null || isDone)) || isGone || answer?.code === 'DW_NO_SESSION')
    seat.session = null
}

function isOver(answer: Answer | null): boolean {
  return ['DW_NOT_FOUND', 'DW_LOST', 'DW_NOT_OWNER'].includes(answer?.code ?? '')
}
