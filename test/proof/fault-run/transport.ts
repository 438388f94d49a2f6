import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../../harness/sandbox.ts'
import { gitPrograms } from '../../transports/git-server.ts'
import { SshServer } from '../../transports/ssh-server.ts'
import { WebServer } from '../../transports/web-server.ts'
import { CuttingProxy } from './cutting-proxy.ts'

/** How a connection is cut: see stand-ins/cut-connection.mjs, which takes the same words. */
export interface CutOff {
  readonly how: 'refused' | 'before' | 'during' | 'after' | 'late'
  /** "during": after so many bytes of the request. */
  readonly bytes: number
  /** Which of the connections of a call; 'all' of them. */
  readonly nth: number | 'all'
  /** Of the call: it counts the connections there, and notes that it has cut one. */
  readonly directory: string
}

/** A bare repository that clones reach in one way. */
export interface Served {
  readonly url: string
  /** The environment of a client. It takes `mark`, `<call>:<what>`, to the repository's hooks as DW_PROOF. */
  readonly client: (mark: string, cut: CutOff | null) => Readonly<Record<string, string>>
  /** Waits for requests that come late. */
  readonly settled: () => Promise<void>
  readonly close: () => Promise<void>
}

/** A way from clones to a bare repository: `serve` is given the repository's path. */
export interface Transport {
  readonly name: string
  readonly serve: (sandbox: Sandbox, repository: string) => Promise<Served>
}

const SERVERS = ['git-receive-pack', 'git-upload-pack']

/** Starts a program that speaks to a server behind what cuts the connection: its words come first. */
function cutter({ how, bytes, nth, directory }: CutOff): string {
  const script = join(import.meta.dirname, 'stand-ins/cut-connection.mjs')
  return [process.execPath, script, how, bytes, nth, directory].join(' ')
}

/** On this machine: the client starts the server itself. */
export const FILE: Transport = {
  name: 'file',
  serve: async (sandbox, repository) => {
    const programs = gitPrograms()
    // git looks for the server's program where all of its own are
    const behindCutter = join(sandbox.root, 'git-programs')
    mkdirSync(behindCutter)
    for (const name of readdirSync(programs)) symlinkSync(join(programs, name), join(behindCutter, name))
    for (const name of SERVERS) {
      rmSync(join(behindCutter, name))
      const script = `#!/bin/sh\nexec $DW_PROOF_CUTTER '${join(programs, name)}' "$@"\n`
      writeFileSync(join(behindCutter, name), script, { mode: 0o755 })
    }
    return {
      url: `file://${repository}`,
      client: (mark, cut) => ({
        DW_PROOF: mark,
        ...(cut === null ? {} : { GIT_EXEC_PATH: behindCutter, DW_PROOF_CUTTER: cutter(cut) }),
      }),
      settled: async () => undefined,
      close: async () => undefined,
    }
  },
}

/** Over a real sshd. */
export const SSH: Transport = {
  name: 'ssh',
  serve: async (_, repository) => {
    const server = await SshServer.start(['AcceptEnv DW_PROOF'])
    const ssh = `${server.command('user')} -o SendEnv=DW_PROOF`
    return {
      url: server.url(repository),
      client: (mark, cut) => ({
        DW_PROOF: mark,
        GIT_SSH_COMMAND: cut === null ? ssh : `${cutter(cut)} ${ssh}`,
        // else git would try out what it does not know by its name
        GIT_SSH_VARIANT: 'ssh',
      }),
      settled: async () => undefined,
      close: async () => server.stop(),
    }
  },
}

/** Over smart HTTP, through a real nginx; a cut call goes through a proxy. */
export const HTTP: Transport = {
  name: 'http',
  serve: async (sandbox, repository) => {
    const server = await WebServer.start(['fastcgi_param DW_PROOF "$http_dw_proof";'])
    for (const [name, value] of Object.entries(server.login)) {
      await sandbox.git(['config', '--global', name, value], { cwd: sandbox.root })
    }
    const proxy = await CuttingProxy.start(server.port)
    return {
      url: server.url(repository),
      client: (mark, cut) => {
        const settings = [['http.extraHeader', `DW-Proof: ${mark}`]]
        if (cut !== null) settings.push(['http.proxy', `http://127.0.0.1:${proxy.port}`])
        if (cut !== null) proxy.cut(mark, cut)
        const variables = settings.flatMap(([name = '', value = ''], at) => [
          [`GIT_CONFIG_KEY_${at}`, name],
          [`GIT_CONFIG_VALUE_${at}`, value],
        ])
        return { ...Object.fromEntries(variables), GIT_CONFIG_COUNT: String(settings.length) }
      },
      settled: async () => proxy.settled(),
      close: async () => {
        proxy.stop()
        await server.stop()
      },
    }
  },
}
