const PLAIN = /^[^"\0\ud800-\udfff][^\0\ud800-\udfff]*$/

/**
 * A text as a key: different texts give different keys. SQLite would store every lone surrogate as the same replacement character,
 * and text behind a NUL is not always compared.
 */
export const keyText = (text: string): string => (PLAIN.test(text) ? text : JSON.stringify(text))
