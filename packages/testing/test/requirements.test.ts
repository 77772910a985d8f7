import { describe, expect, test } from 'vitest'
import { requirements, type Runner } from '../src/requirements.ts'

interface Registered {
  readonly title: string
  readonly body: (context: Context) => Promise<void>
  readonly timeout: number | undefined
}
interface Context {
  asserted: number
  cited: readonly string[]
}

/** A runner that keeps what it is given. */
function recorder(): { registered: Registered[]; runner: Runner<Context> } {
  const registered: Registered[] = []
  const runner: Runner<Context> = {
    test: (title, body, timeout) => { registered.push({ title, body, timeout }) },
    cite: (context, ids) => { context.cited = ids },
    assertions: (context) => context.asserted,
  }
  return { registered, runner }
}

function registerOne(ids: string | readonly string[], body: (context: Context) => { cases: number } | void): Registered {
  const { registered, runner } = recorder()
  requirements(runner)(ids, 'it holds', body, 7)
  const [only] = registered
  if (only === undefined || registered.length !== 1) throw new Error(`${registered.length} tests were registered`)
  return only
}

describe('verifies', () => {
  test('puts the ids before the title and on the running test, each once', async () => {
    const one = registerOne(['CH-02', 'tenant_mismatch', 'CH-02'], (context) => { context.asserted++ })
    const context: Context = { asserted: 0, cited: [] }
    await one.body(context)
    expect(one.title).toBe('CH-02, tenant_mismatch: it holds')
    expect(one.timeout).toBe(7)
    expect(context.cited).toEqual(['CH-02', 'tenant_mismatch'])
  })

  test('fails a test that asserts nothing, and keeps its citation', async () => {
    const one = registerOne('CH-02', () => {})
    const context: Context = { asserted: 0, cited: [] }
    await expect(one.body(context)).rejects.toThrow('"it holds" cites CH-02 but asserts nothing')
    expect(context.cited).toEqual(['CH-02'])
  })

  test('counts the cases of a law as assertions, none of them is none', async () => {
    await expect(registerOne('CH-02', () => ({ cases: 1 })).body({ asserted: 0, cited: [] })).resolves.toBeUndefined()
    await expect(registerOne('CH-02', () => ({ cases: 0 })).body({ asserted: 0, cited: [] })).rejects.toThrow('asserts nothing')
  })

  test('passes a failure of the body on as it is', async () => {
    const failure = new Error('broken')
    const one = registerOne('CH-02', () => { throw failure })
    await expect(one.body({ asserted: 1, cited: [] })).rejects.toBe(failure)
  })

  test('refuses no id, more than three, and what is neither an id nor a code', () => {
    const { registered, runner } = recorder()
    const verifies = requirements(runner)
    expect(() => { verifies([], 'none', () => {}) }).toThrow('cites 0 requirements')
    expect(() => { verifies(['CH-01', 'CH-02', 'CH-03', 'CH-04'], 'four', () => {}) }).toThrow('cites 4 requirements')
    expect(() => { verifies('TEN-001', 'an attack', () => {}) }).toThrow('neither a requirement id nor a denial code')
    expect(registered).toEqual([])
  })
})
