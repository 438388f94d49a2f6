/** The blobs of all repositories of the simulation: what is named by its content is the same everywhere. */
const objects = new Map<string, Buffer>()

export function putObject(oid: string, bytes: Buffer): void {
  objects.set(oid, bytes)
}

export function getObject(oid: string): Buffer | undefined {
  return objects.get(oid)
}

export function dropObjects(): void {
  objects.clear()
}
