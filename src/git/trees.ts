import { type NewObject, type ObjectFormat, objectId } from './objects.ts'

/** A file of a tree: its path from the tree's top, git's mode (`100644`) and its object. */
export interface TreeFile {
  readonly path: string
  readonly mode: string
  readonly oid: string
}

/** The trees that hold `files`, and the id of the one on top. No path may lie under another one. */
export function buildTrees(
  format: ObjectFormat,
  files: readonly TreeFile[],
): { readonly oid: string; readonly objects: readonly NewObject[] } {
  const here: TreeFile[] = []
  const below = new Map<string, TreeFile[]>()
  for (const file of files) {
    const slash = file.path.indexOf('/')
    if (slash < 0) {
      here.push(file)
      continue
    }
    const name = file.path.slice(0, slash)
    const rest = { ...file, path: file.path.slice(slash + 1) }
    const known = below.get(name)
    if (known === undefined) below.set(name, [rest])
    else known.push(rest)
  }
  const objects: NewObject[] = []
  for (const [name, inside] of below) {
    const tree = buildTrees(format, inside)
    for (const object of tree.objects) objects.push(object)
    here.push({ path: name, mode: '40000', oid: tree.oid })
  }
  const tree: NewObject = { type: 'tree', bytes: treeBytes(here) }
  objects.push(tree)
  return { oid: objectId(format, tree), objects }
}

/** Entries in git's order: by bytes, a tree's name as if it ended with "/". */
function treeBytes(entries: readonly TreeFile[]): Buffer {
  const sortName = ({ path, mode }: TreeFile) => Buffer.from(mode === '40000' ? `${path}/` : path)
  const sorted = [...entries].sort((a, b) => Buffer.compare(sortName(a), sortName(b)))
  return Buffer.concat(
    sorted.flatMap(({ path, mode, oid }) => [Buffer.from(`${mode} ${path}\0`), Buffer.from(oid, 'hex')]),
  )
}
