import { randomBytes } from 'node:crypto'
import type { Ids } from '../ports/ids.ts'

const DRAWN = 4096
let pool = Buffer.alloc(0)
let used = 0

/** 128 random bits as 32 hex digits; drawn 256 at a time, since a system call an id costs more than the id. */
export const randomIds: Ids = {
  next(prefix) {
    if (used >= pool.length) {
      pool = randomBytes(DRAWN)
      used = 0
    }
    const id = pool.toString('hex', used, used + 16)
    used += 16
    return `${prefix}_${id}`
  },
}
