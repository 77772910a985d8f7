import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkpointFile, createPortcullis, inProcess, keyFile } from '@portcullis/core'
import { gateway } from '@portcullis/express'
import { sqliteStorage } from '@portcullis/sqlite'
import express from 'express'
import { halo } from './connectors/halo.ts'
import { hudu } from './connectors/hudu.ts'
import { world, type Site } from './world.ts'

/** `node gateway.ts --folder <where its files are> --url <where clients reach it>` */
const { folder, url } = parseArgs({ options: { folder: { type: 'string', default: '.' }, url: { type: 'string', default: 'http://127.0.0.1:8080' } } }).values

const portcullis = await createPortcullis({
  url,
  storage: sqliteStorage(join(folder, 'data')),
  keys: keyFile(join(folder, 'portcullis.key')),
  checkpointSink: checkpointFile(join(folder, 'checkpoints.jsonl')),
  connectors: [halo, hudu],
  dispatcher: inProcess(),
  world: world(JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site),
})

const server = express()
  .use(gateway(portcullis))
  .listen(Number(new URL(url).port), '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ url })}\n`))

let stopping = false
const stop = (): void => {
  if (stopping) return
  stopping = true
  server.close(() => void portcullis.close())
  server.closeIdleConnections()
}
// Twice is no reason to die half way: Ctrl-C in a terminal reaches the gateway and whoever started it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
