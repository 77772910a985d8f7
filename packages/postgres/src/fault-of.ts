import { Fault } from '@portcullis/core'
import { storageFault } from './storage-fault.ts'

/** As `storageFault`, and also where no item is to blame. What the pool hangs on an error, a client with its password, is left out. */
export function faultOf(cause: unknown): unknown {
  if (cause instanceof Error && 'client' in cause) delete cause.client
  const fault = storageFault(cause)
  return fault instanceof Fault || !(cause instanceof Error) ? fault : new Fault('storage_failed', 'PostgreSQL could not do it.', { cause })
}
