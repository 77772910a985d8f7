import { expect } from 'vitest'
import type { Note } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { dispatch } from '../src/dispatch.ts'
import { stage } from './world.ts'

verifies(['IS-03', 'CH-13'], 'of what a connector says during a call for a customer, only the numbers of progress get through', async () => {
  await using set = await stage()
  let late: ((note: Note) => void) | undefined
  set.answer = async ({ tell }) => {
    late = tell
    tell?.({ kind: 'progress', progress: 1, total: 2, message: 'globex: theirs' })
    tell?.({ kind: 'log', level: 'info', data: { summary: 'theirs' }, logger: 'globex' })
    tell?.({ kind: 'progress', progress: 2, total: 2, summary: 'theirs' } as Note)
    return { kind: 'succeeded', value: { tickets: [] } }
  }
  const heard: Note[] = []
  const caller = { asked: { token: await set.token('bot') }, signal: new AbortController().signal, askable: [], onNote: (note: Note) => void heard.push(note) }
  expect(await dispatch(set.portcullis, { id: 1, method: 'tools/call', params: { name: 'psa.list' } }, { kind: 'call', target: 'tool' }, caller)).toMatchObject({ kind: 'result' })
  late?.({ kind: 'progress', progress: 3 })
  expect(heard).toEqual([{ kind: 'progress', progress: 1, total: 2 }, { kind: 'progress', progress: 2, total: 2 }])
})
