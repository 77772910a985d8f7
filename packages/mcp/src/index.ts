/**
 * Portcullis as an MCP host, without any SDK: what the bindings under `./v2` build on, and what an HTTP layer needs to know.
 * @packageDocumentation
 */
export { bearerIn, type Bearer } from './bearer.ts'
export type { Change } from './changes.ts'
export type { Host, HostContext } from './host.ts'
export type { SessionLimits } from './sessions.ts'
export { ownServer, type Names, type OwnServerTable, type OwnTool } from './own-server.ts'
export { checkProtected } from './protect/check.ts'
export { protect, type ProtectOptions } from './protect/protect.ts'
export { callerOf, type ProtectedCaller } from './protect/scrub.ts'
export { guardServer, type OnConnect } from './protect/seam.ts'
export type { Guard } from './protect/handler-map.ts'
export type { Handler, ServerLike, TransportLike } from './protect/sdk.ts'
export { httpAnswer, ingressRefusal, refusalResponse, stepUpChallenge, tell, type Refusal, type Told } from './refusals.ts'
