import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createPortcullis, inProcess, keyFile } from '@portcullis/core'
import { sqliteStorage } from '@portcullis/sqlite'

/**
 * Writes one tenant's log to a file while the gateway is stopped (its folder has one owner at a time), and prints the key that
 * verifies it: `node export.ts --folder … --url <the gateway's> --tenant northwind --out northwind.log`.
 */
const text = { type: 'string' } as const
const { values } = parseArgs({ options: { folder: { ...text, default: '.' }, url: text, tenant: text, out: text } })
const { folder, url, tenant, out } = values
if (url === undefined || tenant === undefined || out === undefined) throw new Error('Give --url, --tenant and --out.')

await using portcullis = await createPortcullis({
  url, storage: sqliteStorage(join(folder, 'data')), keys: keyFile(join(folder, 'portcullis.key')),
  connectors: [], dispatcher: inProcess(), world: { tenants: {} }, warn: () => undefined,
})
await pipeline(portcullis.exportLog(tenant), createWriteStream(out))
process.stdout.write(`${JSON.stringify({ key: portcullis.logKey(tenant) })}\n`)
