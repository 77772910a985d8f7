import { reportApi } from './api.ts'
import { build } from './build.ts'
import { runInOrder, type Step } from './steps.ts'
import { leftOut, workspace } from './workspace.ts'

/** `node scripts/make.ts build` builds every package; `… api` builds them and writes their reports below `etc/`. */
const here = workspace()
const steps: Step[] = [{ name: 'build', run: () => build(here.ready) }]
if (process.argv.includes('api')) steps.push({ name: 'api', run: async () => reportApi(here.ready, 'write') })

const done = await runInOrder(steps)
if (leftOut(here) !== '') process.stderr.write(`${leftOut(here)}\n`)
if (done.some(({ passed }) => !passed)) process.exitCode = 1
