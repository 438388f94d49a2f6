/** The constants of SHA-256, once they have been asked for. */
let made: Constants | undefined

/**
 * The SHA-256 of a short text, in hexadecimal. Node's own would be loaded for it by every command: that takes
 * longer than a command's own work, and a label of a few bytes is all that most of them need hashed.
 */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const padded = new DataView(new ArrayBuffer((bytes.length + 72) & ~63))
  new Uint8Array(padded.buffer).set(bytes)
  padded.setUint8(bytes.length, 0x80)
  padded.setBigUint64(padded.byteLength - 8, BigInt(bytes.length) * 8n)
  made ??= constants()
  let state = made.start
  for (let at = 0; at < padded.byteLength; at += 64) state = compressed(state, padded, at, made.k)
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('')
}

function compressed(state: Uint32Array, block: DataView, start: number, k: Uint32Array): Uint32Array {
  const w = new Uint32Array(64)
  const word = (at: number) => w[at] ?? 0
  for (let at = 0; at < 16; at += 1) w[at] = block.getUint32(start + at * 4)
  for (let at = 16; at < 64; at += 1) {
    const [x, y] = [word(at - 15), word(at - 2)]
    const s0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)
    const s1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10)
    w[at] = word(at - 16) + s0 + word(at - 7) + s1
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let at = 0; at < 64; at += 1) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + (k[at] ?? 0) + word(at)
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0]
  }
  const added = [a, b, c, d, e, f, g, h]
  return state.map((each, at) => each + (added[at] ?? 0))
}

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

/** The first 32 bits of the fractions of the first primes' cube roots (`k`) and square roots (`start`; FIPS 180-4). */
interface Constants {
  readonly k: Uint32Array
  readonly start: Uint32Array
}

function constants(): Constants {
  const primes: number[] = []
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  const fraction = (root: number) => Math.floor((root % 1) * 2 ** 32)
  return {
    k: Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    start: Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
  }
}
