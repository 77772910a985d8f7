import type { StdioServed } from '../../src/v2/index.ts'
import { fixture, type Secrets } from './fixture.ts'

/** What an embedder writes: the server of one line, for the principal of the token in the environment. A tool of it is careless with the standard output. */
const { serveStdio } = process.argv[2] === 'v1' ? await import('../../src/v1/index.ts') : await import('../../src/v2/index.ts')
let served: StdioServed | undefined
const portcullis = await fixture(JSON.parse(process.argv[3] ?? '{}') as Secrets, (change) => {
  console.log('said by a careless tool')
  served?.notify('northwind', change)
})
try {
  served = serveStdio(portcullis, { reach: 'tenant' })
  await served.closed
} catch (fault) {
  console.error((fault as Error).message)
  process.exitCode = 1
} finally {
  await portcullis.close()
}
