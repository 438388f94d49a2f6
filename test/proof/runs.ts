/** Whether the long form of the proof is run: `npm run test:long`. */
export const LONG = process.env['DW_TEST_LONG'] === '1'

/** How often something is run: as often as `otherwise`, unless DW_TEST_RUNS says so. */
export function runsOr(otherwise: number): number {
  return Number(process.env['DW_TEST_RUNS'] ?? otherwise)
}

/**
 * The seed of `what`, printed to be given in DW_TEST_SEED. A short run takes the same one every time, so that
 * a failure is the change's; a long one takes a new one, to find what nobody has seen.
 */
export function seedOf(what: string): number {
  const otherwise = LONG ? Math.floor(Math.random() * 2 ** 31) : 20261125
  const seed = Number(process.env['DW_TEST_SEED'] ?? otherwise)
  process.stdout.write(`${what}: DW_TEST_SEED=${seed}\n`)
  return seed
}
