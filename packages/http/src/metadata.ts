import { endpointOf } from './path.ts'

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource'

/** Whether the path asks for the metadata of the resource or of one of its endpoints (RFC 9728 §3.1). All of them are one resource. */
export const isResourceMetadata = (pathname: string): boolean =>
  pathname === PROTECTED_RESOURCE || (pathname.startsWith(PROTECTED_RESOURCE) && endpointOf(pathname.slice(PROTECTED_RESOURCE.length)) !== undefined)

/** RFC 9728. The same bytes for every endpoint and every id: the deployment is one audience. */
export const resourceMetadata = (url: string): object => ({ resource: url, authorization_servers: [url], bearer_methods_supported: ['header'] })

/** RFC 8414. There is no authorization endpoint: people sign in with their tenant's own identity provider. */
export const serverMetadata = (url: string): object => ({
  issuer: url,
  token_endpoint: `${url}/oauth/token`,
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  jwks_uri: `${url}/.well-known/jwks.json`,
  response_types_supported: [],
  grant_types_supported: ['client_credentials'],
})
