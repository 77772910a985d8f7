import type { CheckpointSink, ControlPlane, Dispatcher, Ledger, Storage } from '@portcullis/core/ports'
import type { Saboteur } from './fault.ts'

const LEDGER = ['admit', 'complete', 'abandon', 'reconcile', 'note', 'vote', 'recall', 'due', 'judge', 'approval', 'callsOf'] as const

/** Every verb that the chain uses and that can break. */
export const VERBS: readonly string[] = [
  'plane.directory', 'plane.snapshot', 'plane.credential', 'storage.tenant', 'dispatcher.dispatch', 'dispatcher.owner', 'sink.publish',
  ...LEDGER.map((verb) => `ledger.${verb}`),
]

export const sabotagedPlane = (plane: ControlPlane, saboteur: Saboteur): ControlPlane => ({
  ...plane,
  directory: (tenant) => saboteur.use('plane.directory', () => plane.directory(tenant)),
  snapshot: (tenant) => saboteur.use('plane.snapshot', () => plane.snapshot(tenant)),
  credential: (...asked) => saboteur.use('plane.credential', () => plane.credential(...asked)),
})

export const sabotagedStorage = (storage: Storage, saboteur: Saboteur): Storage => ({
  tenant: (id) =>
    saboteur.use('storage.tenant', async () => {
      const door = await storage.tenant(id)
      return { ...door, ledger: sabotagedLedger(door.ledger, saboteur) }
    }),
  close: () => storage.close(),
})

function sabotagedLedger(ledger: Ledger, saboteur: Saboteur): Ledger {
  const verbs = LEDGER.map((verb) => [verb, (item: never) => saboteur.use<unknown>(`ledger.${verb}`, () => ledger[verb](item))] as const)
  return Object.fromEntries(verbs) as unknown as Ledger
}

export const sabotagedDispatcher = (dispatcher: Dispatcher, saboteur: Saboteur): Dispatcher => ({
  dispatch: (job) => saboteur.use('dispatcher.dispatch', () => dispatcher.dispatch(job)),
  owner: (job) => saboteur.use('dispatcher.owner', () => dispatcher.owner(job)),
})

export const sabotagedSink = (sink: CheckpointSink, saboteur: Saboteur): CheckpointSink => ({
  publish: (origin, note) => saboteur.use('sink.publish', () => sink.publish(origin, note)),
})
