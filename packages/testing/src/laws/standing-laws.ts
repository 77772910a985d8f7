import { holderKey, type Standing, type TokenHolder } from '@portcullis/core/ports'
import { Desk, tally } from './desk.ts'
import type { StorageLaw } from './storage-law.ts'

const HOLDERS: readonly TokenHolder[] = [{ kind: 'tenant' }, { kind: 'principal', id: 'ada' }, { kind: 'credential', id: 'ada' }, { kind: 'principal', id: 'tenant' }]
const shown = ({ authorization, fingerprint, minimumPolicy, revocations }: Standing): unknown => ({ authorization, fingerprint, minimumPolicy, revocations: Object.fromEntries(revocations) })

export const STANDING_LAWS: readonly StorageLaw[] = [
  {
    id: 'standing/revoked', name: 'every end of tokens is counted for its holder alone, has its time, and sends back what was decided before it',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const expected: Record<string, { epoch: number; at: number }> = {}
      let authorization = desk.authorization
      for (const holder of [...HOLDERS, ...HOLDERS.toReversed()]) {
        clock.set(clock.now() + 1000)
        const standing = await desk.door.revoke(holder)
        authorization += 1
        expected[holderKey(holder)] = { epoch: (expected[holderKey(holder)]?.epoch ?? 0) + 1, at: clock.now() }
        looks.same(shown(standing), { authorization, fingerprint: 'facts of the law', minimumPolicy: 1, revocations: expected }, 'what it answers')
        looks.same(shown(await desk.door.standing()), shown(standing), 'what is read')
        looks.same(tally([await desk.admit({ authorization: authorization - 1 })]), { changed: 1 }, 'a decision of before')
      }
      looks.same(tally([await desk.admit({ authorization })]), { admitted: 1 }, 'a decision of now')
      looks.same(shown(await (await storage.tenant('contoso')).standing()), { authorization: 0, minimumPolicy: 1, revocations: {} }, 'another tenant')
    },
  },
  {
    id: 'standing/parallel', name: 'many changes at the same time: none is lost, and each raises the version by one',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      const standings = await Promise.all(Array.from({ length: 40 }, (_, index) => desk.door.revoke(HOLDERS[index % 2] ?? { kind: 'tenant' })))
      const versions = standings.map(({ authorization }) => authorization).toSorted((a, b) => a - b)
      looks.same(versions, Array.from({ length: 40 }, (_, index) => desk.authorization + 1 + index), 'versions')
      const { revocations } = await desk.door.standing()
      looks.same([revocations.get('tenant')?.epoch, revocations.get('principal ada')?.epoch], [20, 20], 'epochs')
    },
  },
  {
    id: 'standing/policy', name: 'the minimum policy version is raised and never lowered',
    check: async ({ storage }, looks) => {
      const { door, authorization } = await Desk.at(storage)
      for (const [asked, minimumPolicy, raised] of [[1, 1, 0], [3, 3, 1], [2, 3, 1], [3, 3, 1], [4, 4, 2]] as const) {
        const standing = await door.requirePolicy(asked)
        looks.same([standing.minimumPolicy, standing.authorization], [minimumPolicy, authorization + raised], `after ${asked}`)
      }
    },
  },
  {
    id: 'standing/lasts', name: 'the standing outlives the storage',
    check: async ({ storage, reopen }, looks) => {
      if (reopen === undefined) return looks.that(true, 'ends with the process')
      const { door } = await Desk.at(storage)
      await door.revoke({ kind: 'principal', id: 'ada' })
      const before = await door.requirePolicy(2)
      looks.same(shown(await (await (await reopen()).tenant('northwind')).standing()), shown(before), 'what is there')
    },
  },
  {
    id: 'standing/changed', name: 'asked about many tenants, a shared store names those whose version is another one, and nobody else',
    check: async ({ storage }, looks) => {
      if (storage.changed === undefined) return looks.that(true, 'shared with nobody')
      const known = new Map<string, number>()
      for (let index = 0; index < 30; index++) known.set(`tenant ${index}`, (await Desk.at(storage, `tenant ${index}`)).authorization)
      known.set('never met', 0)
      looks.same([...(await storage.changed(known)).keys()], [], 'as they are')
      const revoked = await (await storage.tenant('tenant 7')).revoke({ kind: 'tenant' })
      await (await storage.tenant('tenant 8')).authorize('other facts')
      await (await storage.tenant('nobody asked')).revoke({ kind: 'tenant' })
      const changed = await storage.changed(known)
      looks.same([...changed.keys()].toSorted(), ['tenant 7', 'tenant 8'], 'changed')
      const found = changed.get('tenant 7')
      looks.same(typeof found === 'object' ? shown(found) : found, shown(revoked), 'the whole standing')
      looks.same([...(await storage.changed(new Map([['tenant 7', revoked.authorization + 1]]))).keys()], ['tenant 7'], 'a version that nobody gave')
      looks.same([...(await storage.changed(new Map())).keys()], [], 'of nobody')
    },
  },
]
