import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { resolveTool, type Snapshotted } from '../../src/chain/04-snapshot.ts'
import { selfConnector, type SelfSpec } from '../../src/connectors/self.ts'
import { targetName, type TargetKind } from '../../src/connectors/own.ts'
import { maskOf } from '../../src/roles/role.ts'

const run = async () => ({})

/** A snapshot with one instance of the connector, as an administrator of its tenant sees it. */
function base(spec: Partial<SelfSpec>): Snapshotted {
  const connector = selfConnector({ title: 'Own', ...spec })
  const instance = { id: 'own', connector, customer: undefined }
  const tools = new Map(Array.from(connector.tools.values(), (tool) => [tool.name, [{ name: tool.name, tool, instance }]]))
  return { scope: { roles: maskOf(['tenant_admin']), reach: { kind: 'tenant' } }, snapshot: { tools } } as unknown as Snapshotted
}

function found(on: Snapshotted, kind: TargetKind, name: string): string {
  const verdict = resolveTool(on, name, kind)
  return verdict.kind === 'pass' ? verdict.proof.named.tool.name : verdict.code
}

verifies('CH-16', 'what stands for every name is found last, and only among its own kind', () => {
  const on = base({
    prompts: { greet: { definition: {}, run }, '*': { definition: {}, run } },
    resources: { 'file:///a': { definition: {}, read: run }, '*': { definition: {}, read: run } },
    templates: { 'note:///{id}': { definition: {}, read: run } },
  })
  expect(found(on, 'prompt', 'greet')).toBe('prompt:greet')
  expect(found(on, 'prompt', 'other')).toBe('prompt:*')
  expect(found(on, 'resource', 'file:///a')).toBe('resource:file:///a')
  expect(found(on, 'resource', 'note:///1')).toBe('template:note:///{id}')
  expect(found(on, 'resource', 'any://thing')).toBe('resource:*')
  for (const kind of ['tool', 'template', 'completion', 'subscription', 'task'] as const) expect(found(on, kind, 'other')).toBe('tool_unknown')
})

verifies('CH-16', 'all templates are every URI, and nothing stands for tools', () => {
  const on = base({ templates: { '*': { definition: {}, read: run } }, completions: { '*': run }, subscriptions: { '*': run } })
  expect(found(on, 'resource', 'any://thing')).toBe('template:*')
  expect(found(on, 'completion', 'prompt:greet')).toBe('completion:*')
  expect(found(on, 'subscription', 'any://thing')).toBe('subscription:*')
  expect(() => selfConnector({ title: 'Own', tools: { '*': { risk: 'read', description: '', run } } })).toThrow('tools are named one by one')
})

test('the tasks of a tool are a target of risk read, as sensitive as the tool', () => {
  const { tools } = selfConnector({ title: 'Own', tools: { wipe: { risk: 'destructive', description: '', sensitive: true, run, tasks: run } } })
  expect(tools.get('wipe')).toMatchObject({ risk: 'destructive', sensitive: true })
  expect(tools.get(targetName('task', 'wipe'))).toMatchObject({ risk: 'read', sensitive: true, scope: 'tenant', own: { kind: 'task' } })
})
