import { Fault } from '../fault.ts'

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/**
 * What a store is asked for: a whole number of items from a whole number on. Stores would make different things of anything else.
 * @throws Fault `range_invalid`
 */
export function assertRange({ from, limit }: { readonly from: number; readonly limit: number }): void {
  if (!isCount(from) || !isCount(limit) || !isCount(from + limit)) throw new Fault('range_invalid', 'A range begins with a whole number from 0 on, and has a whole number of items.')
}
