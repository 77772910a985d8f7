/**
 * Portcullis for Express 5.
 * @packageDocumentation
 */
export { gateway, type GatewayOptions } from './gateway.ts'
