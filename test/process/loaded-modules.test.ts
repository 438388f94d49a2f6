import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROGRAMS, Sandbox } from '../harness/sandbox.ts'

const MAIN = 'src/main.ts'

/**
 * What each of these loads, in a file: a module more costs every one of their starts. To take a change over:
 * npx vitest run test/process/loaded-modules -u
 */
describe('the modules that are loaded by', () => {
  let inputs: Metafile['inputs']
  beforeAll(async () => {
    const { metafile } = await build({
      absWorkingDir: join(PROGRAMS, '..'),
      entryPoints: [MAIN],
      bundle: true,
      metafile: true,
      write: false,
      platform: 'node',
      format: 'esm',
      mainFields: ['module', 'main'],
      resolveExtensions: ['.mjs', '.ts', '.js', '.json'],
      external: ['isomorphic-git', '@clack/prompts'],
    })
    inputs = metafile.inputs
  })

  /** What is evaluated before the first line of `start` runs. */
  const loadedWith = (start: string, found = new Set<string>()): Set<string> => {
    if (found.has(start)) return found
    found.add(start)
    for (const { path, kind, external } of inputs[start]?.imports ?? [])
      if (!external && kind !== 'dynamic-import') loadedWith(path, found)
    return found
  }

  test.each(['heartbeat', 'claim', 'check', 'status', 'release'])('git dw %s are these', async (command) => {
    const loaded = loadedWith(`src/commands/${command}.ts`, loadedWith(MAIN))
    expect(inputs).toHaveProperty([`src/commands/${command}.ts`])
    const list = [...loaded].sort().join('\n')
    await expect(`${list}\n`).toMatchFileSnapshot(`loaded-modules/${command}.txt`)
  })
})

describe('of Node’s own modules', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'x'], { agent: 'A' })
  })
  afterAll(() => sandbox.dispose())

  /** Those that the Node build had loaded in the end. */
  const loadedBy = async (args: readonly string[]): Promise<string[]> => {
    const file = join(sandbox.root, 'loaded')
    const hook = join(sandbox.root, 'hook.cjs')
    const write = `require('node:fs').writeFileSync(${JSON.stringify(file)}, process.moduleLoadList.join('\\n'))`
    writeFileSync(hook, `process.on('exit', () => ${write})\n`)
    const env = {
      DW_BUILD: 'node',
      NODE_OPTIONS: `--require=${hook}`,
      PATH: `${dirname(process.execPath)}:${sandbox.env()['PATH']}`,
    }
    const outcome = await sandbox.run('git-dw', args, { agent: 'A', env })
    expect(outcome.status, outcome.stderr).toBe(0)
    return readFileSync(file, 'utf8').split('\n')
  }

  test.each([['heartbeat'], ['check', 'x'], ['status']])(
    'git dw %s loads neither crypto nor zlib',
    async (...args) => {
      const loaded = await loadedBy(args)
      expect(loaded).toContain('NativeModule child_process')
      expect(loaded).not.toContain('NativeModule crypto')
      expect(loaded).not.toContain('NativeModule zlib')
    },
  )
})
