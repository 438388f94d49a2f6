import { packetLine, packetsOf } from './packet-lines.ts'
import type { RemoteProblems } from './problems.ts'

const FLUSH = '0000'
const DELIMITER = '0001'

/**
 * A request of git's protocol version 2 for the objects `oids`, all at once (gitprotocol-v2, "fetch").
 * A ref that points at a commit brings neither its history nor, where the server can leave them out, its
 * files: `features` are what the server says of its fetch command.
 */
export function fetchRequest(oids: readonly string[], features: readonly string[]): Buffer {
  const lines = [
    'command=fetch\n',
    'agent=git-dw\n',
    'object-format=sha1\n',
    DELIMITER,
    'no-progress\n',
    'ofs-delta\n',
    ...(features.includes('shallow') ? ['deepen 1\n'] : []),
    ...(features.includes('filter') ? ['filter tree:0\n'] : []),
    ...oids.map((oid) => `want ${oid}\n`),
    'done\n',
    FLUSH,
  ]
  return Buffer.from(lines.map((line) => (line.length === 4 ? line : packetLine(line))).join(''))
}

/** The pack in the answer to a fetch request. Throws DW_REMOTE, and DW_OFFLINE for half an answer. */
export function packIn(answer: Buffer, problems: RemoteProblems): Buffer {
  const packets = packetsOf(answer, problems)
  const start = packets.findIndex((packet) => packet?.toString('latin1').trimEnd() === 'packfile')
  if (start < 0) throw problems.notGit()
  const pack: Buffer[] = []
  for (const packet of packets.slice(start + 1)) {
    // the first byte says whether the rest is the pack, progress, or an error
    if (packet?.[0] === 1) pack.push(packet.subarray(1))
    if (packet?.[0] === 3) throw problems.refused(packet.toString('utf8', 1))
  }
  return Buffer.concat(pack)
}
