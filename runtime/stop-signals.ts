const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Resolves when this process is to end: at the first signal, or when the bootstrap that started it
 * was killed. Keeps the process alive until then. A second signal ends it at once.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    const keepAlive = setInterval(() => {}, 1 << 30)
    const end = () => {
      clearInterval(keepAlive)
      for (const signal of signals) process.off(signal, end)
      process.off('disconnect', end)
      if (process.connected) process.disconnect?.()
      resolve()
    }
    for (const signal of signals) process.on(signal, end)
    if (process.connected) process.on('disconnect', end)
  })
}
