import { execFileSync } from 'node:child_process'
import { mkdirSync, statfsSync } from 'node:fs'

/** Whether disks can be made that can be filled: that takes root. */
export const CAN_MOUNT = process.getuid?.() === 0

const PAGE = 4096
const WHOLE = 2 ** 31

/** A disk of its own, in memory. */
export class Disk {
  readonly path: string

  /** Mounts an empty one at `path`, which it makes. Throws where nothing may be mounted. */
  constructor(path: string) {
    this.path = path
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${WHOLE}`, 'git-dw-test', path])
  }

  /** Leaves so many pages of 4 KiB. Whether it did: others may be writing. */
  fill(pages: number): boolean {
    for (let tries = 0; tries < 5; tries += 1) {
      const { blocks, bfree } = statfsSync(this.path)
      if (this.#resize((blocks - bfree + pages) * PAGE)) return true
    }
    return false
  }

  makeRoom(): void {
    this.#resize(WHOLE)
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.path])
  }

  #resize(bytes: number): boolean {
    try {
      execFileSync('mount', ['-o', `remount,size=${bytes}`, this.path], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
}
