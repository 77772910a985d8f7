/** Loaded before a program that serves the demo: however the demo ends, the pipe from it ends too, and then the program. */
process.stdin.once('end', () => process.exit(1)).resume()
process.stdin.unref()
