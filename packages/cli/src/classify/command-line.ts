/** Splits a command as a shell does, without expanding anything: words between spaces, quotes group, a backslash takes the next character. */
export function words(command: string): readonly string[] | undefined {
  const found: string[] = []
  let word: string | undefined
  let quote = ''
  for (let place = 0; place < command.length; place += 1) {
    const character = command.charAt(place)
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) found.push(word)
      word = undefined
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (character === quote) {
      quote = ''
    } else if (character === '\\' && quote !== "'") {
      place += 1
      if (place === command.length) return undefined
      word = `${word ?? ''}${command.charAt(place)}`
    } else word = `${word ?? ''}${character}`
  }
  if (quote !== '') return undefined
  return word === undefined ? found : [...found, word]
}
