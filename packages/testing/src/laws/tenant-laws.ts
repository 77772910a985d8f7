import { approvalFor, Desk, PLENTY, tally } from './desk.ts'
import { lookAtLog } from './log-laws.ts'
import type { StorageLaw } from './storage-law.ts'

/** Ids that look alike, or like something else than an id. */
const STRANGE = ['a', 'A', 'a ', 'a/b', '../a', '..', '.', '/etc/passwd', 'a\0b', 'a\0c', 'é', 'e\u0301', "'; DROP TABLE record; --", 'con', '%61', 'file:a', '__proto__', '漢'.repeat(300)]

export const TENANT_LAWS: readonly StorageLaw[] = [
  {
    id: 'tenant/apart', name: 'tenants never see each other: not their records, calls, approvals, quota or versions, however alike their ids are',
    check: async ({ storage }, looks) => {
      for (const [index, tenant] of STRANGE.entries()) {
        const desk = await Desk.at(storage, tenant)
        looks.same([await desk.size(), desk.authorization, await desk.door.ledger.callsOf('ada'), await desk.door.ledger.recall('the call')], [0, 1, { used: 0, reserved: 0 }, undefined], `the new tenant ${JSON.stringify(tenant)}`)
        const wish = { limits: { ...PLENTY, included: 1 }, callId: 'the call', body: `{"tenant":${index}` }
        looks.same(tally([await desk.admit(wish)]), { admitted: 1 }, 'its only call')
        looks.same(tally([await desk.admit({ approval: approvalFor('digest') })]), { approval_required: 1 }, 'its own request')
      }
      for (const [index, tenant] of STRANGE.entries()) {
        const desk = await Desk.at(storage, tenant)
        const [first] = await desk.door.log.read({ from: 0, limit: 1 })
        looks.same([await desk.size(), (JSON.parse(new TextDecoder().decode(first?.bytes)) as { tenant: number }).tenant], [2, index], `what is there of ${JSON.stringify(tenant)}`)
      }
    },
  },
  {
    id: 'tenant/one-door', name: 'two doors to one tenant lead to the same place, at the same time too',
    check: async ({ storage }, looks) => {
      const [one, two] = [await Desk.at(storage), await Desk.at(storage)]
      const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => (index % 2 === 0 ? one : two).admit({ callId: `call ${index >> 1}`, limits: { ...PLENTY, included: 40 } })))
      looks.same(tally(answers)['admitted'], 40, 'admitted')
      looks.same([await one.size(), await two.size()], [40, 40], 'records')
      await lookAtLog(two, looks)
    },
  },
  {
    id: 'tenant/lasts', name: 'what was answered is still there when the storage has been closed and opened again',
    check: async ({ storage, clock, reopen }, looks) => {
      if (reopen === undefined) return looks.that(true, 'ends with the process')
      const before = await Desk.at(storage)
      const id = await before.granted(approvalFor('digest', { quorum: 2 }), ['grace', 'heidi'])
      await before.many(3, { limits: { ...PLENTY, tenantPerMinute: 4 } })
      await before.complete('call-3')
      await before.door.log.integrate({ previous: 0, checkpoint: { size: 5, root: new Uint8Array(32).fill(1), note: 'note\n', at: clock.now() }, nodes: [{ level: 8, index: 0, hash: new Uint8Array(32).fill(2) }] })
      const look = async ({ door }: Desk) => [
        await door.log.read({ from: 0, limit: 99 }), await door.log.leaves({ from: 0, limit: 99 }), await door.log.nodes(8, { from: 0, limit: 9 }), await door.log.latest(),
        await door.ledger.approval(id), await door.ledger.callsOf('ada'), (await door.ledger.recall('call-2'))?.seq, await door.ledger.recall('call-3'),
      ]
      const seen = await look(before)
      const after = await Desk.at(await reopen())
      looks.same(await look(after), seen, 'what is there')
      looks.same(after.authorization, before.authorization, 'the authorization version')
      looks.same(tally(await after.many(5, { limits: { ...PLENTY, tenantPerMinute: 4 } })), { admitted: 1, duplicate: 2, rate_limited: 2 }, 'open calls and rates')
      await lookAtLog(after, looks)
    },
  },
]
