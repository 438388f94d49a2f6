// Runs the built program once, and keeps the code that V8 has made of it by then in program.cache, for
// src/load.ts:  node <the launcher's flags> scripts/compile-ahead.cjs <dist> <argument>…
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { Script } = require('node:vm')

const [dist] = process.argv.splice(2, 1)
const filename = join(dist, 'program.js')
const cache = join(dist, 'program.cache')
// what the runs before this one have used is kept
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined
const source = `(function(require){${readFileSync(filename, 'utf8')}\n})`
const script = new Script(source, { filename, cachedData })
script.runInThisContext()(createRequire(filename))
process.on('exit', () => writeFileSync(cache, script.createCachedData()))
