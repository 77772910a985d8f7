import { postgresStorage } from '@portcullis/postgres'
import { CallLoad } from './postgres/call-load.ts'
import type { Order, Told } from './postgres/rivals.ts'

/** A process of its own that makes calls on one hot tenant when it is told to, until its parent ends. */
const tell = (told: Told): unknown => process.send?.(told)
let load: CallLoad | undefined

async function obey(order: Order): Promise<Told> {
  if (order.kind === 'open') {
    load = await CallLoad.open(await postgresStorage({ connection: { ...order.connection, max: 4 } }).tenant('northwind'))
    return { kind: 'ready' }
  }
  if (load === undefined) throw new Error('nothing is open yet')
  if (order.kind === 'prepare') {
    await load.prepare(order.calls)
    return { kind: 'ready' }
  }
  const before = process.cpuUsage()
  const took = await load.callsFor(order.callers, order.forMs)
  const { user, system } = process.cpuUsage(before)
  return { kind: 'ran', took, cpu: user + system }
}

process.on('message', (order: Order) => void obey(order).then(tell, (fault: unknown) => tell({ kind: 'failed', why: String(fault) })))
process.on('disconnect', () => process.exit())
