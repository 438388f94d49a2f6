import { ago } from '../domain/duration.ts'
import { printable } from '../domain/printable.ts'
import { JSON_SCHEMA } from './json.ts'
import { type SyncView, syncFields, syncText } from './sync-text.ts'

interface ShareView {
  readonly remote: string
  readonly url: string
  readonly probe: { readonly atomic: boolean }
  readonly report: SyncView
}

/** What an advisory lock is worth. */
export const ADVISORY =
  'advisory: the remote has no --atomic, so two may hold one key, and pushes cannot be fenced'

/** What `git dw share` prints, in plain words. */
export function shareText({ remote, url, probe, report }: ShareView): string {
  const lines = [
    `locks are shared through "${remote}" (${withoutPassword(url)})`,
    probe.atomic
      ? 'it takes records, replaces and deletes them, and changes several all or none: everything works'
      : 'it takes records, replaces and deletes them, but not several all or none (--atomic)',
    ...(probe.atomic ? [] : [ADVISORY]),
  ]
  return `${lines.map(printable).join('\n')}\n${syncText(report)}`
}

/** What `git dw share --json` prints. */
export function shareJson({ remote, url, probe, report }: ShareView): object {
  return {
    schema: JSON_SCHEMA,
    remote,
    url: withoutPassword(url),
    atomic: probe.atomic,
    ...syncFields(report),
  }
}

interface StatusView {
  readonly sharing: boolean
  readonly remote: string | null
  readonly url: string | null
  readonly atomic: boolean | null
  readonly lastExchange: number | null
  readonly notOut: readonly string[]
}

/** What `git dw share --status` prints. `now` in milliseconds. */
export function shareStatusText(view: StatusView, now: number): string {
  if (!view.sharing) return 'locks are not shared: they count in this clone alone\n'
  const { remote, url, atomic, lastExchange, notOut } = view
  const lines = [
    `locks are shared through "${remote}"${url === null ? '' : ` (${withoutPassword(url)})`}`,
    lastExchange === null
      ? 'nothing was exchanged yet'
      : `last exchange ${ago(new Date(lastExchange).toISOString(), now)}`,
    notOut.length === 0 ? 'everything is out' : `not yet out: ${notOut.length}`,
    ...notOut.map((ref) => `  ${ref}`),
    atomic === null
      ? 'what it can do is not known: git dw share finds out'
      : atomic
        ? 'it changes several records all or none: everything works'
        : ADVISORY,
  ]
  return `${lines.map(printable).join('\n')}\n`
}

/** What `git dw share --status --json` prints. */
export function shareStatusJson(view: StatusView): object {
  const { sharing, remote, url, atomic, lastExchange, notOut } = view
  return {
    schema: JSON_SCHEMA,
    sharing,
    remote,
    url: url === null ? null : withoutPassword(url),
    atomic,
    lastExchange: lastExchange === null ? null : new Date(lastExchange).toISOString(),
    notOut,
  }
}

/** A URL as it may be shown: a password in it is nobody's business. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/@]*@/i, '$1:…@')
}
