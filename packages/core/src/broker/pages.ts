import type { z } from 'zod'
import type { VendorPages, VendorRequest } from '../connectors/vendor.ts'
import { failed, parsedAs } from './outcome.ts'

const MOST_PAGES = 100
const MOST_RECORDS = 10_000

type Get = (path: string, request: VendorRequest) => Promise<unknown>

/** Every record of a listing. A page asked for twice, too many pages or too many records are `unavailable`: half a listing is none. */
export async function everyPage<S extends z.ZodType>(get: Get, path: string, request: VendorPages<S>): Promise<z.output<S>[]> {
  const records: z.output<S>[] = []
  const seen = new Set<string>()
  let further: Readonly<Record<string, string | number>> | undefined = {}
  for (let number = 1; further !== undefined; number++) {
    const query: VendorRequest['query'] = { ...request.query, ...further }
    const asked = JSON.stringify(query)
    if (number > MOST_PAGES || seen.has(asked)) throw failed('unavailable')
    seen.add(asked)
    const page = await get(path, { query, signal: request.signal })
    const items = authored(() => request.items(page))
    if (!Array.isArray(items) || records.length + items.length > MOST_RECORDS) throw failed('unavailable')
    for (const item of items) records.push((await parsedAs(request.as, item, false)) as z.output<S>)
    further = authored(() => request.next(page, number))
  }
  return records
}

/** An author's function over a page it did not expect is the vendor's failure, as for a schema that does not fit. */
function authored<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw failed('unavailable')
  }
}
