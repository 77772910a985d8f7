/** One red pixel, and a second's sixteenth of silence. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
export const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='

export const text = (value: string) => ({ content: [{ type: 'text', text: value }] })
export const user = (...contents: readonly object[]) => ({ messages: contents.map((content) => ({ role: 'user', content })) })
