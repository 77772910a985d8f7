import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Balancer } from '../src/demo/balancer.ts'
import { freeUrl } from '../src/demo/stage.ts'

async function member(answer: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

async function balance(members: readonly string[]): Promise<{ readonly url: string; readonly balancer: Balancer }> {
  const url = await freeUrl()
  const balancer = new Balancer(members)
  await balancer.listen(url)
  return { url, balancer }
}

test('requests go to the members in turn, whole: method, path, headers and body, and the answers come back whole', async () => {
  const echo = (name: string): RequestListener => (incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      outgoing.writeHead(418, { 'x-member': name, 'set-cookie': ['a=1', 'b=2'] })
      outgoing.end(JSON.stringify([incoming.method, incoming.url, incoming.headers.host, incoming.headers['x-mine'], Buffer.concat(chunks).toString()]))
    })
  }
  const { url } = await balance([(await member(echo('one'))).url, (await member(echo('two'))).url])
  const seen: unknown[] = []
  for (const path of ['/a?b=c', '//elsewhere.example/', '/a', '/a']) {
    const response = await fetch(`${url}${path}`, { method: 'PUT', headers: { 'x-mine': 'yes' }, body: 'text' })
    expect([response.status, response.headers.getSetCookie(), await response.json()]).toEqual([418, ['a=1', 'b=2'], ['PUT', path, new URL(url).host, 'yes', 'text']])
    seen.push(response.headers.get('x-member'))
  }
  expect(seen).toEqual(['one', 'two', 'one', 'two'])
})

test('both ways are streams: each piece arrives before the next is sent', async () => {
  const { url } = await balance([(await member((incoming, outgoing) => incoming.pipe(outgoing))).url])
  const upload = request(url, { method: 'POST' })
  upload.write('0')
  const [response] = (await once(upload, 'response')) as [IncomingMessage]
  const heard: string[] = []
  for (const piece of ['1', '2', '3']) {
    const [chunk] = (await once(response, 'data')) as [Buffer]
    heard.push(chunk.toString())
    upload.write(piece)
  }
  upload.end()
  expect(heard).toEqual(['0', '1', '2'])
  await once(response.resume(), 'end')
})

test('a member that is dead is skipped, and without any the answer is 502', async () => {
  const alive = await member((_, outgoing) => outgoing.end('here'))
  const { url } = await balance([await freeUrl(), alive.url])
  for (let turn = 0; turn < 4; turn++) expect(await (await fetch(url, { method: 'POST', body: 'x' })).text()).toBe('here')
  alive.server.close()
  alive.server.closeAllConnections()
  expect((await fetch(url)).status).toBe(502)
})

test('what a member has begun is not begun anew elsewhere: its client loses the answer', async () => {
  let asked = 0
  const dying: RequestListener = (incoming) => {
    asked += 1
    incoming.socket.resetAndDestroy()
  }
  const { url, balancer } = await balance([(await member(dying)).url, (await member(dying)).url])
  await expect(fetch(url, { method: 'POST', body: 'x' })).rejects.toThrow('fetch failed')
  expect(asked).toBe(1)
  expect(balancer.busy()).toEqual([])
})

test('a client that goes away is gone for the member too', async () => {
  const arrived = Promise.withResolvers<ServerResponse>()
  const { url: address } = await member((_, outgoing) => arrived.resolve(outgoing))
  const { url, balancer } = await balance([address])
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const outgoing = await arrived.promise
  expect(balancer.busy()).toEqual([address])
  const closed = once(outgoing, 'close')
  client.destroy()
  await closed
  expect(outgoing.writableFinished).toBe(false)
})
