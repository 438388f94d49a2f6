/** Where rescues are; we never push them (design §3). */
export const RESCUES_REF = 'refs/dw-local/rescue'

/** The ref of a rescue. */
export function rescueRef(name: string): string {
  return `${RESCUES_REF}/${name}`
}
