import { isAbove, type LockName } from './key.ts'
import { encodeComponent } from './name.ts'

/**
 * The places of locks, asked which of them a changed path meets: the path itself, a directory above it, or
 * something below it where the path was or becomes a file. Paths are folded as lock names are (design §3).
 */
export class HeldPlaces {
  readonly #places: ReadonlySet<LockName>
  /** What lies below each place that is strictly above a lock. */
  readonly #below = new Map<string, LockName[]>()
  readonly #encoded = new Map<string, string>()

  constructor(places: Iterable<LockName>) {
    this.#places = new Set([...places].filter((place) => place === ROOT || isAbove(ROOT, place)))
    for (const place of this.#places) {
      for (const above of strictlyAbove(place)) {
        const known = this.#below.get(above)
        if (known === undefined) this.#below.set(above, [place])
        else known.push(place)
      }
    }
  }

  /** The locks that a change of `path` meets; `path` counts from the repository's top, `/` between its parts. */
  metBy(path: string): readonly LockName[] {
    const met: LockName[] = []
    let place: string = ROOT
    const see = (at: string) => {
      if (this.#places.has(at as LockName)) met.push(at as LockName)
    }
    see(place)
    for (const part of path.split('/')) {
      if (part === '') continue
      place += `/${this.#encode(part)}`
      see(place)
    }
    return [...met, ...(this.#below.get(place) ?? [])]
  }

  #encode(part: string): string {
    const known = this.#encoded.get(part)
    if (known !== undefined) return known
    const encoded = encodeComponent(part)
    this.#encoded.set(part, encoded)
    return encoded
  }
}

const ROOT = 'path' as LockName

function strictlyAbove(place: LockName): string[] {
  const parts = place.split('/')
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'))
}
