import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { approval } from './demo/approval.ts'
import { audit } from './demo/audit.ts'
import { checkpoint, crash, type Kept } from './demo/crash.ts'
import { crossing } from './demo/crossing.ts'
import { customers } from './demo/customers.ts'
import { flood } from './demo/flood.ts'
import { Gateways } from './demo/gateways.ts'
import { interleaving } from './demo/interleaving.ts'
import { link } from './demo/link.ts'
import { lists } from './demo/lists.ts'
import { naming } from './demo/naming.ts'
import { narrowing } from './demo/narrowing.ts'
import { listOverHttp } from './demo/plain.ts'
import { quota } from './demo/quota.ts'
import { readOnly } from './demo/read-only.ts'
import { Scene } from './demo/scene.ts'
import { SEED } from './demo/seed.ts'
import { serve } from './demo/serve.ts'
import { setUp } from './demo/set-up.ts'
import { Stage } from './demo/stage.ts'
import { Story } from './demo/story.ts'
import { restart } from './demo/two/restart.ts'
import { survival } from './demo/two/survival.ts'
import { together } from './demo/two/together.ts'
import { VENDOR_ADMIN } from './demo/vendor.ts'
import { writes } from './demo/writes.ts'
import { storeOf } from './storage.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
/** `--report` names a file for the counts; with `--add` they are added to what stands there. */
const { values } = parseArgs({ options: { json: flag, serve: flag, store: { ...text, default: 'sqlite' }, report: text, add: flag } })
const store = storeOf(values.store)
/** Nothing in the story takes long, but for a call's deadline that is waited for on PostgreSQL; a step that hangs fails (ms). */
const DEADLINE = { sqlite: 80_000, postgres: 240_000 }[store]
const story = new Story({ json: values.json && !values.serve })

try {
  await using stage = await Stage.open()
  process.once('exit', () => stage.abandon())
  if (values.serve) {
    const stopped = new AbortController()
    // Not once: npm passes on the Ctrl-C that the terminal has sent as well.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort())
    await serve(await opening(stage), stopped.signal)
  } else {
    const giveUp = (why: string): void => {
      process.stderr.write(`demo: ${why}\n`)
      process.exit(1)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => giveUp('stopped'))
    setTimeout(() => giveUp('took too long'), DEADLINE).unref()
    await play(stage)
  }
} catch (error) {
  if (!story.failed) process.stderr.write(`${inspect(error)}\n`)
  process.exitCode = 1
}

const { steps, passed } = story.counts
const failed = process.exitCode === 1 ? 1 : 0
if (!values.serve) process[values.json ? 'stderr' : 'stdout'].write(`\ndemo: ${steps} steps, ${passed} assertions passed${failed === 1 ? ', 1 failed' : ''}\n`)
if (values.report !== undefined && !values.serve) {
  mkdirSync(dirname(values.report), { recursive: true })
  const before = values.add && existsSync(values.report) ? (JSON.parse(readFileSync(values.report, 'utf8')) as Record<'passed' | 'failed', number>) : { passed: 0, failed: 0 }
  writeFileSync(values.report, `${JSON.stringify({ passed: before.passed + passed, failed: before.failed + failed })}\n`)
}

async function play(stage: Stage): Promise<void> {
  story.say('Two managed service providers, Northwind and Southridge, share one gateway. Each looks after Acme, Globex and Initech,')
  story.say('with the same names and ids. Each has one key to its ticket system, HaloPSA, and one to its documentation, Hudu: keys that see all.')
  story.say('A third, Eastgate, is on trial.')
  if (store === 'postgres') story.say('The gateway is two processes on one PostgreSQL. In front of them each request goes to the next one in turn.')

  const scene = await story.step(store === 'sqlite' ? 'Two vendors and a gateway are started' : 'Two vendors, a PostgreSQL and two gateways are started', () => opening(stage))
  await story.step('Everybody sees the tools of their role', () => lists(scene))
  await story.step("A vendor returns everything; one customer's part comes out", () => narrowing(scene))
  await story.step("A write on somebody else's record never reaches the vendor", () => writes(scene))
  await story.step('What is foreign cannot be told from what does not exist', () => crossing(scene))
  await story.step('A tenant or customer named anywhere else changes nothing', () => naming(scene))
  await story.step('One account, a customer for each endpoint', () => customers(scene))
  await story.step('Calls of two clients mix', () => interleaving(scene))
  const used = await story.step('What destroys waits for a person', () => approval(scene))
  await story.step('A held call has a page that says how it stands', () => link(scene))
  await story.step('An MSP runs out of calls', () => quota(scene))
  await story.step("An MSP's subscription becomes read-only", () => readOnly(scene))
  await story.step('An agent goes wild', () => flood(scene))
  const kept = store === 'sqlite' ? await alone(scene, used) : await both(scene, used)
  await story.step('Somebody else checks the log', () => audit(scene, kept))
}

async function alone(scene: Scene, used: string): Promise<Kept> {
  const kept = await story.step('The gateway is stopped and started', () => checkpoint(scene))
  await story.step('The gateway is killed in the middle of a call', () => crash(scene, used))
  return kept
}

async function both(scene: Scene, used: string): Promise<Kept> {
  await story.step('Two gateways decide as one', () => together(scene))
  const kept = await story.step('The gateways are restarted, and nobody notices', () => restart(scene))
  await story.step('One of them is killed in the middle of a call', () => survival(scene, used))
  return kept
}

async function opening(stage: Stage): Promise<Scene> {
  const vendor = ['--seed', String(SEED), '--admin', VENDOR_ADMIN, '--flaky', '0']
  const [halo, hudu] = await Promise.all([stage.start('vendors/halopsa.ts', vendor), stage.start('vendors/hudu.ts', vendor)])
  const holdings = await setUp({ key: stage.path('portcullis.key'), site: stage.path('site.json') }, { halo: halo.url, hudu: hudu.url })
  if (store === 'postgres') await stage.startGround('database.ts', ['--folder', stage.folder])
  const gateway = await Gateways.start(stage, store)
  const statuses = await Promise.all([gateway.url, ...gateway.members.map(({ address }) => address)].map(async (address) => (await listOverHttp(`${address}/mcp`)).status))
  const claim = store === 'sqlite' ? 'three processes listen, and the gateway answers nobody without a token' : 'five processes listen, and neither gateway answers anybody without a token, through the balancer or past it'
  story.equal(claim, statuses, statuses.map(() => 401))
  return new Scene({ story, stage, store, holdings, halo, hudu, gateway })
}
