/** One ref of a push, as git tells a pre-push hook (githooks(5)). */
export interface PushedRef {
  /** What is pushed; null when the ref is deleted. */
  readonly to: string | null
  readonly ref: string
  /** What the remote's ref points at; null when it is new. */
  readonly from: string | null
}

/** Reads git's lines. The name on this side comes first, may hold spaces, and is not needed. */
export function parsePushedRefs(text: string): PushedRef[] {
  return text.split('\n').flatMap((line): PushedRef[] => {
    const [, to, ref, from] = /^.* ([0-9a-f]{40,64}) (\S+) ([0-9a-f]{40,64})$/.exec(line) ?? []
    if (to === undefined || ref === undefined || from === undefined) return []
    return [{ to: orNull(to), ref, from: orNull(from) }]
  })
}

function orNull(oid: string): string | null {
  return /^0+$/.test(oid) ? null : oid
}
