import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expressV1 } from './protected/express-v1.ts'
import { expressV2 } from './protected/express-v2.ts'
import { fastifyV1 } from './protected/fastify-v1.ts'
import { fastifyV2 } from './protected/fastify-v2.ts'
import { ownStack } from './protected/own-stack.ts'
import { before } from './story/before.ts'
import { everything } from './story/everything.ts'
import { Story } from './story/story.ts'
import { tickets } from './story/tickets.ts'

/** Nothing in the story waits for anything; a part that hangs fails (ms). */
const DEADLINE = 60_000
const REPORTS = new URL('../../../reports/', import.meta.url)

const story = new Story()
const { failed } = await told()
mkdirSync(REPORTS, { recursive: true })
writeFileSync(fileURLToPath(new URL('02-guard-an-existing-server.json', REPORTS)), `${JSON.stringify({ passed: story.passed, failed })}\n`)
process.stdout.write(`\n${story.passed} assertions passed${failed === 0 ? '' : `, ${failed} failed`}\n`)
process.stdout.write('Try it by hand, in examples/02-guard-an-existing-server: npm run serve -- fastify-v1 (or express-v1, express-v2, fastify-v2, own-stack)\n')
process.exit(failed === 0 ? 0 : 1)

async function told(): Promise<Story> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('It took too long.')), DEADLINE).unref())
  const all = async (): Promise<void> => {
    await before(story)
    for (const combination of [expressV1, expressV2, fastifyV1, fastifyV2, ownStack]) await tickets(story, combination)
    await everything(story)
  }
  await Promise.race([all(), late]).catch((error: unknown) => story.holds('the story went on to its end', false, inspect(error)))
  return story
}
