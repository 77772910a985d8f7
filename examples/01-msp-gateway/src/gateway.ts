import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkpointFile, createPortcullis, inProcess, keyFile } from '@portcullis/core'
import { gateway } from '@portcullis/express'
import express from 'express'
import { halo } from './connectors/halo.ts'
import { hudu } from './connectors/hudu.ts'
import { openStorage, storeOf } from './storage.ts'
import { world, type Site } from './world.ts'

/**
 * `node gateway.ts --folder <where its files are> --url <where clients reach it>`, and where several of them are behind that url
 * `--store postgres --listen <this one's own address>`. `--call-ms` is how long a vendor may take.
 */
const text = { type: 'string' } as const
const { values } = parseArgs({ options: { folder: { ...text, default: '.' }, url: { ...text, default: 'http://127.0.0.1:8080' }, store: { ...text, default: 'sqlite' }, listen: text, 'call-ms': text } })
const { folder, url, store, listen = url } = values

const portcullis = await createPortcullis({
  url,
  storage: openStorage(storeOf(store), folder),
  keys: keyFile(join(folder, 'portcullis.key')),
  checkpointSink: checkpointFile(join(folder, 'checkpoints.jsonl')),
  connectors: [halo, hudu],
  dispatcher: inProcess(),
  callMs: values['call-ms'] === undefined ? undefined : Number(values['call-ms']),
  world: world(JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site),
})

const server = express()
  .use(gateway(portcullis))
  .listen(Number(new URL(listen).port), '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ url: listen })}\n`))

let stopping = false
const stop = (): void => {
  if (stopping) return
  stopping = true
  server.close(() => void portcullis.close())
  server.closeIdleConnections()
}
// Twice is no reason to die half way: Ctrl-C in a terminal reaches the gateway and whoever started it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
