import fc from 'fast-check'
import { dramaArbitrary, historyArbitrary } from '../arbitrary/step.ts'
import { worldArbitrary } from '../arbitrary/world.ts'
import { definitionsOf, play } from './play.ts'
import { Reach } from './reach.ts'
import type { Stage } from './scene.ts'

export interface ExploreOptions extends Stage {
  /** How many histories. */
  readonly runs: number
  readonly seed: number
  /** `dramas` are about one approval each; absent: any. */
  readonly only?: 'dramas'
}

export interface Explored {
  readonly histories: number
  readonly steps: number
  readonly reach: Reach
}

/** Histories that share a world: making one costs more than playing one. */
const PER_WORLD = 5

/**
 * Plays random histories in random worlds on the product and on the oracle.
 * @throws the smallest history found at which the two differ, with the seed that finds it again.
 */
export async function explore({ runs, seed, only, ...stage }: ExploreOptions): Promise<Explored> {
  const reach = new Reach()
  let histories = 0
  let steps = 0
  const history = only === 'dramas' ? dramaArbitrary : historyArbitrary
  const arbitrary = worldArbitrary(definitionsOf(stage)).chain((world) =>
    fc.tuple(fc.constant(world), fc.array(history(world), { minLength: PER_WORLD, maxLength: PER_WORLD })))
  const property = fc.asyncProperty(arbitrary, async ([world, several]) => {
    for (const history of several) {
      await play(world, history, stage, reach)
      histories += 1
      steps += history.length
    }
  })
  await fc.assert(property, { numRuns: Math.ceil(runs / PER_WORLD), seed })
  return { histories, steps, reach }
}
