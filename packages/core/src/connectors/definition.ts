import { Fault } from '../fault.ts'

/** A connector that cannot be registered. The sentence names the place and the fix; it is read by the connector's author. */
export function definitionFault(sentence: string, cause?: unknown): Fault {
  return new Fault('connector_invalid', sentence, cause === undefined ? undefined : { cause })
}
