import { createInterface } from 'node:readline'
import type { Scene } from './scene.ts'
import { sheet } from './sheet.ts'

/** Acme's articles, which are every third. */
const FIRST_ARTICLE = 501
const EVERY = 3
/** More requests than this are not opened for one requester while they are pending; the last ones stay good for a day. */
const ARTICLES = 20

/** Leaves the gateway running and says how to try it, again at each Enter, until it is told to stop. */
export async function serve(scene: Scene, stopped: AbortSignal): Promise<void> {
  const print = async (round: number): Promise<void> => {
    process.stdout.write(await sheet(scene, FIRST_ARTICLE + EVERY * (round % ARTICLES)))
  }
  await print(0)
  const input = createInterface({ input: process.stdin })
  // Ends of input are no reason to stop: the demo may run without a terminal.
  const alive = setInterval(() => undefined, 60_000)
  let rounds = 0
  let last = Promise.resolve()
  input.on('line', () => {
    last = last.then(() => print(++rounds)).catch((fault: unknown) => void process.stderr.write(`demo: ${String(fault)}\n`))
  })
  await new Promise<void>((resolve) => (stopped.aborted ? resolve() : stopped.addEventListener('abort', () => resolve(), { once: true })))
  input.close()
  clearInterval(alive)
  await last
  process.stdout.write('\nStopping.\n')
}
