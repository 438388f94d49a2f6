import type { RemoteProblems } from './problems.ts'

/** `text` as a packet of git's protocol; it must be ASCII (gitprotocol-common, "pkt-line"). */
export function packetLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text
}

/**
 * The packets of a whole answer; null for one that only divides. Throws DW_OFFLINE when it does not end
 * with a flush, DW_REMOTE for noise and for what the server refuses. isomorphic-git would take half a list
 * of refs for a whole one.
 */
export function packetsOf(answer: Buffer, problems: RemoteProblems): (Buffer | null)[] {
  const packets: (Buffer | null)[] = []
  let flushed = false
  for (let at = 0; at < answer.length; ) {
    const text = answer.toString('latin1', at, at + 4)
    if (text.length < 4) throw problems.brokenOff()
    if (!/^[0-9a-f]{4}$/i.test(text)) throw problems.notGit()
    const length = Number.parseInt(text, 16)
    const end = at + Math.max(4, length)
    if (end > answer.length) throw problems.brokenOff()
    const packet = length < 4 ? null : answer.subarray(at + 4, end)
    if (packet?.toString('latin1', 0, 4) === 'ERR ') throw problems.refused(packet.toString('utf8', 4))
    packets.push(packet)
    flushed = length === 0
    at = end
  }
  if (!flushed) throw problems.brokenOff()
  return packets
}
