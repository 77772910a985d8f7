import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkpointFile, createPortcullis, inProcess, keyFile } from '@portcullis/core'
import { halo } from './connectors/halo.ts'
import { hudu } from './connectors/hudu.ts'
import { openStorage } from './storage.ts'
import { world, type Site } from './world.ts'

/**
 * Ends every token of one account, in all gateways on the same PostgreSQL: `node revoke.ts --folder … --url <the gateways'> --tenant
 * northwind --account field-bot`. It is one more process of the deployment, so it has the same world.
 */
const text = { type: 'string' } as const
const { folder, url, tenant, account } = parseArgs({ options: { folder: { ...text, default: '.' }, url: text, tenant: text, account: text } }).values
if (url === undefined || tenant === undefined || account === undefined) throw new Error('Give --url, --tenant and --account.')

await using portcullis = await createPortcullis({
  url, storage: openStorage('postgres', folder), keys: keyFile(join(folder, 'portcullis.key')), checkpointSink: checkpointFile(join(folder, 'checkpoints.jsonl')),
  connectors: [halo, hudu], dispatcher: inProcess(), world: world(JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site),
})
await portcullis.revoke(tenant, { kind: 'principal', id: account })
