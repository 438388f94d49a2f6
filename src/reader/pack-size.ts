import { inflateSync } from 'node:zlib'

const OFS_DELTA = 6
const REF_DELTA = 7
const OBJECT_ID_BYTES = 20

/**
 * How many bytes the objects of a pack have when they are unpacked, deltas included; null for more than
 * `most`. isomorphic-git unpacks whatever comes, so a small pack with huge objects is found out before.
 * Throws for what is no pack (gitformat-pack).
 */
export function unpackedSize(pack: Buffer, most: number): number | null {
  if (pack.toString('latin1', 0, 4) !== 'PACK') throw new Error('there is no pack')
  let size = 0
  let at = 12
  for (let left = pack.readUInt32BE(8); left > 0; left -= 1) {
    const entry = entryAt(pack, at)
    if (size + entry.size > most) return null
    // zlib stops by itself where it would give more than was said
    const { buffer, engine } = inflated(pack.subarray(entry.data), Math.max(1, entry.size))
    size += buffer.length
    if (entry.isDelta) size += resultSize(buffer)
    if (size > most) return null
    at = entry.data + engine.bytesWritten
  }
  return size
}

function inflated(bytes: Buffer, most: number): { buffer: Buffer; engine: { bytesWritten: number } } {
  // with `info`, Node answers both; its types know only the buffer
  return inflateSync(bytes, { maxOutputLength: most, info: true }) as unknown as {
    buffer: Buffer
    engine: { bytesWritten: number }
  }
}

/** One entry's header: how large it is when inflated, and where its data starts. */
function entryAt(pack: Buffer, start: number): { size: number; data: number; isDelta: boolean } {
  let at = start
  let byte = pack.readUInt8(at++)
  const type = (byte >> 4) & 7
  let size = byte & 15
  for (let unit = 16; byte & 128; unit *= 128) {
    byte = pack.readUInt8(at++)
    size += (byte & 127) * unit
  }
  if (type === REF_DELTA) at += OBJECT_ID_BYTES
  if (type === OFS_DELTA) {
    while (pack.readUInt8(at++) & 128);
  }
  return { size, data: at, isDelta: type === OFS_DELTA || type === REF_DELTA }
}

/** How large a delta says that its result is: the second number in it. */
function resultSize(delta: Buffer): number {
  let at = 0
  const next = () => {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = delta.readUInt8(at++)
      value += (byte & 127) * unit
      if (!(byte & 128)) return value
    }
  }
  next()
  return next()
}
