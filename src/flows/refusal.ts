import type { Holding } from '../domain/claim.ts'
import { ago } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import { type Key, parseKey } from '../domain/key.ts'
import type { Vantage } from '../domain/lease.ts'
import { printable } from '../domain/printable.ts'
import type { Revocation } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'

/** How a key is shown to a person. */
export type ShowKey = (key: Key) => string

/** The error of a claim that live locks of others stand in the way of. */
export class Refusal extends DwError {
  readonly holders: readonly Holding[]
  readonly vantage: Vantage

  constructor(
    holders: readonly Holding[],
    vantage: Vantage,
    ...error: ConstructorParameters<typeof DwError>
  ) {
    super(...error)
    this.holders = holders
    this.vantage = vantage
  }
}

/** The refusal that `error` is, or that it tells more of. */
export function refusalIn(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error
  return error instanceof DwError && error.cause !== undefined ? refusalIn(error.cause) : null
}

/** DW_LOCKED, naming every holder and the next command; DW_LOST for one who held it before. */
export function locked(
  holders: readonly Holding[],
  vantage: Vantage,
  show: ShowKey,
  steal: string,
  lostBefore: readonly Revocation[],
): Refusal {
  const before = lostBefore.map((revocation) => describeLoss(revocation, vantage.now, show))
  const now = holders.map((each) => describeHolder(each, vantage, ({ key }) => show(key)))
  // whoever held it until it was taken must learn that, not just that it is not free
  const code = before.length > 0 ? 'DW_LOST' : 'DW_LOCKED'
  return new Refusal(holders, vantage, code, [...before, ...now].join('\n'), {
    hints: ['see who works on what: git dw locks', `take it from them, if you must: ${steal}`],
    details: {
      holders: holders.map((holding) => holderDetails(holding, vantage)),
      ...(lostBefore.length === 0 ? {} : { lost: lostBefore }),
    },
  })
}

/** What a session lost, as its next commands say it (design §5, Takeover). `now` in milliseconds. */
export function describeLoss(revocation: Revocation, now: number, show: ShowKey): string {
  const { key, by, at, why } = revocation
  const what = `"${show(parseKey(key))}"`
  // an upgrade that did not come to its end: what is above was not to be had, or the command was killed
  if (why === 'upgrade') {
    const above = parseKey(key).kind === 'path' ? 'a directory above it' : 'its project'
    return printable(`${what} was given up ${ago(at, now)} for ${above}`)
  }
  return printable(`${what} was taken by ${by} ${ago(at, now)}: ${why}`)
}

/** DW_LOST for keys whose locks were taken. */
export function lost(revocations: readonly Revocation[], now: number, show: ShowKey): DwError {
  const keys = revocations.map(({ key }) => shellWord(show(parseKey(key))))
  return new DwError('DW_LOST', revocations.map((each) => describeLoss(each, now, show)).join('\n'), {
    hints: [`claim it again before you go on: git dw claim ${keys.join(' ')}`],
    details: { lost: revocations },
  })
}
