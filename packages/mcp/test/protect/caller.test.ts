import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { callerOf } from '../../src/index.ts'
import { scrub } from '../../src/protect/scrub.ts'

const caller = { tenant: 'northwind', principal: 'ada', callId: 'dec_1' }

verifies('ID-01', 'who calls is what the guard gave to a handler, on either line', () => {
  expect(callerOf(scrub({ authInfo: { token: 't' }, requestId: 1 }, { caller }))).toEqual(caller)
  expect(callerOf(scrub({ mcpReq: { id: 1 } }, { caller }))).toEqual(caller)
  expect(callerOf({ ...scrub({ mcpReq: { id: 1 } }, { caller }), more: 1 })).toEqual(caller)
})

verifies('ID-01', 'past the guard nobody calls, whatever a context claims', () => {
  const claimed = { extra: { 'dev.portcullis': caller } }
  const copied = structuredClone({ authInfo: scrub({}, { caller })['authInfo'] })
  for (const context of [undefined, null, 'northwind', {}, { http: {} }, { authInfo: claimed }, { http: { authInfo: claimed } }, { authInfo: { extra: { 'dev.portcullis': 7 } } }, copied, caller]) {
    expect(() => callerOf(context)).toThrow(expect.objectContaining({ code: 'not_protected', message: expect.stringMatching(/^[^.]+\.$/) }))
  }
})
