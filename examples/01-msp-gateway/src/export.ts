import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { checkpointFile, createPortcullis, inProcess, keyFile } from '@portcullis/core'
import { openStorage, storeOf } from './storage.ts'

/**
 * Binds one tenant's log with a checkpoint, writes it to a file, and prints the key that verifies it:
 * `node export.ts --folder … --url <the gateway's> --tenant northwind --out northwind.log`. On SQLite the gateway is stopped for it, as its
 * folder has one owner at a time; with `--store postgres` the gateways go on.
 */
const text = { type: 'string' } as const
const { values } = parseArgs({ options: { folder: { ...text, default: '.' }, store: { ...text, default: 'sqlite' }, url: text, tenant: text, out: text } })
const { folder, store, url, tenant, out } = values
if (url === undefined || tenant === undefined || out === undefined) throw new Error('Give --url, --tenant and --out.')

await using portcullis = await createPortcullis({
  url, storage: openStorage(storeOf(store), folder), keys: keyFile(join(folder, 'portcullis.key')), checkpointSink: checkpointFile(join(folder, 'checkpoints.jsonl')),
  connectors: [], dispatcher: inProcess(), world: { tenants: {} },
})
await portcullis.checkpoint(tenant)
await pipeline(portcullis.exportLog(tenant), createWriteStream(out))
process.stdout.write(`${JSON.stringify({ key: portcullis.logKey(tenant) })}\n`)
