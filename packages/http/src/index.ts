/**
 * One fetch-style router for everything that Portcullis serves over HTTP. No framework, no MCP SDK.
 * @packageDocumentation
 */
export { nodeBridge, type Arrival, type BridgeOptions, type NodeBridge } from './node-bridge.ts'
export { router, type Router, type RouterOptions } from './router.ts'
