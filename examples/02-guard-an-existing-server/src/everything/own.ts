import { ownServer, type OwnServerTable } from '@portcullis/mcp'

// Proposed by `npx portcullis classify --command 'mcp-server-everything stdio'`, read line by line, and changed where the tool does
// not do what its hints say. Nothing of it is watched here: no subscriptions.
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
  'simulate-research-query': 'withheld', // runs as a task alone, and nobody here has a use for it
  'toggle-simulated-logging': 'write',
  'toggle-subscriber-updates': 'write',
  'trigger-long-running-operation': 'read',
} as const satisfies OwnServerTable['tools']

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
  completions: ['prompt:args-prompt', 'prompt:completable-prompt', 'prompt:resource-prompt', 'template:demo://resource/dynamic/blob/{resourceId}', 'template:demo://resource/dynamic/text/{resourceId}'],
})
