import { createServer } from 'node:http'
import express, { type Express } from 'express'
import { servingOf, type Binding, type Serving } from '../../http/test/binding/binding.ts'
import { bindingLaws } from '../../http/test/binding/laws.ts'
import { gateway } from '../src/index.ts'
import { gateway as gatewayV1 } from '../src/v1.ts'

const listening = (app: Express): Promise<Serving> =>
  new Promise((resolve) => {
    const server = createServer(app.get('/api/hello', (_, response) => void response.send('hello')))
    server.listen(0, '127.0.0.1', () => resolve(servingOf(server)))
  })

const expressOn = (line: Binding['line'], entry: string, made: typeof gateway): Binding => ({
  line, entry,
  serve: (portcullis, options) => listening(express().use(made(portcullis, options)).use(express.json())),
  serveBehindReader: (portcullis) => listening(express().use(express.json()).use(made(portcullis))),
  async mountedBelow(portcullis) {
    // Only the paths below which it is mounted and which are ours are known to be wrong; the application keeps the others.
    const { port, close } = await listening(express().use('/mcp', made(portcullis)).use('/api', made(portcullis)))
    const [wrong, theirs] = await Promise.all([fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' }), fetch(`http://127.0.0.1:${port}/api/hello`)])
    if (wrong.status !== 500 || theirs.status !== 200) throw new Error(`answered ${wrong.status} and ${theirs.status}`)
    await close()
    return (await wrong.text()).trimEnd()
  },
})

bindingLaws(expressOn('v2', '@portcullis/express', gateway))
bindingLaws(expressOn('v1', '@portcullis/express/v1', gatewayV1))
