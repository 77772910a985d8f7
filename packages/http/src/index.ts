/**
 * One fetch-style router for everything that Portcullis serves over HTTP. No framework, no MCP SDK.
 * @packageDocumentation
 */
export { router, type Router, type RouterOptions } from './router.ts'
