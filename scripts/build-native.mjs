// Makes the native build beside the Node build. Where it cannot be made, it says so, and the Node build stands.
import { stat } from 'node:fs/promises'
import { buildNative, NATIVE } from './native-build.mjs'

try {
  await buildNative({ install: true })
  const { size } = await stat(NATIVE)
  process.stdout.write(`built dist/native/git-dw (${Math.round(size / 1024 / 1024)} MiB)\n`)
} catch (error) {
  const [reason = ''] = String(error.stderr || error.message).split('\n')
  process.stdout.write(`no native build, the Node build stands: ${reason}\n`)
}
