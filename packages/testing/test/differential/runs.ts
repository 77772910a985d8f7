import { memoryStorage } from '@portcullis/core/memory'
import { explore, type Explored } from '../../src/explore/explore.ts'
import { CONNECTORS } from '../pretend/connectors.ts'

/** Histories in one run of all parts together; `npm run assure -- --runs N` plays more. */
const RUNS = 20_000
const PARTS = 6
/** In each part every code within reach must be met at least so often: a green run that met nothing says nothing. */
export const OFTEN_ENOUGH = 3

/** One part of the run: parts are files of their own, so that they run beside each other. */
export const explorePart = (part: number, only?: 'dramas'): Promise<Explored> =>
  explore({ connectors: CONNECTORS, storage: (clock) => memoryStorage({ clock }), runs: Math.ceil(RUNS / PARTS), seed: 20_261_122 + part, ...(only === undefined ? {} : { only }) })
