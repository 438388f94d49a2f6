import type { Holding } from '../domain/claim.ts'
import { ago } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import type { Vantage } from '../domain/lease.ts'
import { printable } from '../domain/printable.ts'
import type { Revocation } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'

/** DW_LOCKED, naming every holder and the next command; DW_LOST for one who held it before. */
export function locked(
  holders: readonly Holding[],
  vantage: Vantage,
  show: (holding: Holding) => string,
  steal: string,
  lostBefore: readonly Revocation[],
): DwError {
  const before = lostBefore.map((revocation) => describeLoss(revocation, vantage.now))
  const now = holders.map((each) => describeHolder(each, vantage, show))
  // whoever held it until it was taken must learn that, not just that it is not free
  const code = before.length > 0 ? 'DW_LOST' : 'DW_LOCKED'
  return new DwError(code, [...before, ...now].join('\n'), {
    hints: ['see who works on what: git dw locks', `take it from them, if you must: ${steal}`],
    details: {
      holders: holders.map((holding) => holderDetails(holding, vantage)),
      ...(lostBefore.length === 0 ? {} : { lost: lostBefore }),
    },
  })
}

/** What a session lost, as its next commands say it (design §5, Takeover). */
export function describeLoss(revocation: Revocation, now: number): string {
  return printable(
    `"${revocation.key}" was taken by ${revocation.by} ${ago(revocation.at, now)}: ${revocation.why}`,
  )
}

/** DW_LOST for keys whose locks were taken. */
export function lost(revocations: readonly Revocation[], now: number): DwError {
  return new DwError('DW_LOST', revocations.map((each) => describeLoss(each, now)).join('\n'), {
    hints: [
      `claim it again before you go on: git dw claim ${revocations.map(({ key }) => shellWord(key)).join(' ')}`,
    ],
    details: { lost: revocations },
  })
}
