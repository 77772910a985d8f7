import type { TargetKind, ToolList } from '@portcullis/core'
import { showTools } from './tool-list.ts'

const MEMBER = { resource: 'resources', template: 'resourceTemplates', prompt: 'prompts' } as const

/** The answer to a list method, in the order of the names. */
export function showList(target: TargetKind, list: ToolList): Record<string, unknown> {
  if (target !== 'resource' && target !== 'template' && target !== 'prompt') return { ...showTools(list) }
  const shown = list.tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ definition }) => definition)
  return { [MEMBER[target]]: shown, _meta: { 'dev.portcullis/calls': list.calls } }
}
