import type { Risk } from '@portcullis/core'
import { ownServer } from '@portcullis/mcp'

// Proposed by `npx portcullis classify --command 'mcp-server-everything stdio'`, read line by line, and changed where the tool does
// not do what its hints say. Left out: simulate-research-query, a tool that the server only has once a client has shaken hands.
export const TOOLS = {
  'echo': 'read',
  'get-annotated-message': 'read',
  'get-env': 'destructive', // its hint says readOnly; it hands out every secret in the environment of the process
  'get-resource-links': 'read',
  'get-resource-reference': 'read',
  'get-structured-content': 'read',
  'get-sum': 'read',
  'get-tiny-image': 'read',
  'gzip-file-as-resource': 'destructive', // fetches any URL, from where the server stands
  'toggle-simulated-logging': 'write',
  'toggle-subscriber-updates': 'write',
  'trigger-long-running-operation': 'read',
} as const satisfies Readonly<Record<string, Risk>>

export const everything = ownServer({
  title: 'mcp-servers/everything',
  tools: TOOLS,
  prompts: ['args-prompt', 'completable-prompt', 'resource-prompt', 'simple-prompt'],
  resources: [
    'demo://resource/static/document/architecture.md',
    'demo://resource/static/document/extension.md',
    'demo://resource/static/document/features.md',
    'demo://resource/static/document/how-it-works.md',
    'demo://resource/static/document/instructions.md',
    'demo://resource/static/document/startup.md',
    'demo://resource/static/document/structure.md',
  ],
  templates: ['demo://resource/dynamic/blob/{resourceId}', 'demo://resource/dynamic/text/{resourceId}'],
})
