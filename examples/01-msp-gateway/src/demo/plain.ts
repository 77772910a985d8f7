/** `tools/list` by a plain HTTP client, for what the official one would not show: status, headers and bytes of a refusal. */
export const listOverHttp = (url: string, token?: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => post(url, 'tools/list', {}, token, headers)

/** `tools/call`, for who sends thousands. */
export const callOverHttp = (url: string, token: string, name: string, args: object): Promise<Response> => post(url, 'tools/call', { name, arguments: args }, token, {})

function post(url: string, method: string, params: object, token: string | undefined, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}
