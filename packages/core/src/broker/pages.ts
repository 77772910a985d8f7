import type { z } from 'zod'
import type { VendorPages, VendorRequest } from '../connectors/vendor.ts'
import { failed, parsedAs } from './outcome.ts'

const MOST_PAGES = 100
const MOST_RECORDS = 10_000
/** All pages together. Each alone may be 4 MiB, and whoever adds them up keeps them all in memory. */
const MOST_BYTES = 8 * 1024 * 1024

/** One answer of the vendor, unparsed, and its size as JSON. */
export interface Page {
  readonly body: unknown
  readonly bytes: number
}

type Read = (path: string, request: VendorRequest) => Promise<Page>

/** Every record of a listing. A page asked for twice, too many pages, records or bytes are `unavailable`: half a listing is none. */
export async function everyPage<S extends z.ZodType>(read: Read, path: string, request: VendorPages<S>): Promise<z.output<S>[]> {
  const records: z.output<S>[] = []
  const seen = new Set<string>()
  let bytes = 0
  let further: Readonly<Record<string, string | number>> | undefined = {}
  for (let number = 1; further !== undefined; number++) {
    const query: VendorRequest['query'] = { ...request.query, ...further }
    const asked = JSON.stringify(query)
    if (number > MOST_PAGES || seen.has(asked)) throw failed('unavailable')
    seen.add(asked)
    const page = await read(path, { query, signal: request.signal })
    bytes += page.bytes
    if (bytes > MOST_BYTES) throw failed('unavailable')
    const items = authored(() => request.items(page.body))
    if (!Array.isArray(items) || records.length + items.length > MOST_RECORDS) throw failed('unavailable')
    for (const item of items) records.push((await parsedAs(request.as, item, false)) as z.output<S>)
    further = authored(() => request.next(page.body, number))
  }
  return records
}

/** An author's function over a page it did not expect is the vendor's failure, as for a schema that does not fit. */
function authored<T>(work: () => T): T {
  try {
    const made = work()
    // An async function here is a mistake that the shape reveals; its rejection would be looked after by nobody.
    if (made instanceof Promise) made.catch(() => undefined)
    return made
  } catch {
    throw failed('unavailable')
  }
}
