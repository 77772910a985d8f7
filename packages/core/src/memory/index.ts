/** Reference adapters, for tests and first steps. */
export { memoryStorage } from './memory-storage.ts'
export { randomIds } from './random-ids.ts'
export { systemClock } from './system-clock.ts'
export { worldPlane, type WorldPlane } from './world-plane.ts'
export { createKeyFile } from '../secrets/key-file.ts'
export { keysFrom, type KeyPurpose, type Keys } from '../secrets/keys.ts'
export { hashSecret, mintShownSecret, pepperOf, type Pepper, type ShownSecret } from '../identity/shown-secret.ts'
