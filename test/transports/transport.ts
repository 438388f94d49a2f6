import type { GitServer } from './git-server.ts'
import { SshServer } from './ssh-server.ts'
import { WebServer } from './web-server.ts'

/** What the hubs of this process are spoken to through: `DW_TEST_TRANSPORT` is `file`, as without it, `ssh` or `http`. */
export const TRANSPORT = chosenTransport(process.env['DW_TEST_TRANSPORT'])

export type Transport = 'file' | 'ssh' | 'http'

function chosenTransport(name = 'file'): Transport {
  if (name === 'file' || name === 'ssh' || name === 'http') return name
  throw new Error(`DW_TEST_TRANSPORT is "${name}", not file, ssh or http`)
}

let server: GitServer | null = null

/** Starts the server of the transport, if that has one. */
export async function startTransport(): Promise<void> {
  if (TRANSPORT === 'ssh') server = await SshServer.start()
  if (TRANSPORT === 'http') server = await WebServer.start()
}

export async function stopTransport(): Promise<void> {
  await server?.stop()
  server = null
}

/** The server of the transport; null where repositories are spoken to by their path. */
export function transportServer(): GitServer | null {
  if (TRANSPORT !== 'file' && server === null) throw new Error(`the ${TRANSPORT} server does not run`)
  return server
}
