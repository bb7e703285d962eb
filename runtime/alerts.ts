import type { Alert, Alerts } from '../core/alerts.ts'

const webhookTimeoutMs = 5000

/** Alerts as one line on standard error each, and to a webhook as JSON where one is set. */
export function createAlerts(
  webhookUrl: string | undefined,
  write: (line: string) => void,
): Alerts {
  return {
    raise(alert) {
      const where = alert.shard === undefined ? '' : ` on shard ${alert.shard}`
      write(`ALERT ${alert.code}${where}: ${alert.message}`)
      if (webhookUrl) void post(webhookUrl, alert, write)
    },
  }
}

async function post(url: string, alert: Alert, write: (line: string) => void): Promise<void> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alert),
      signal: AbortSignal.timeout(webhookTimeoutMs),
    })
    if (!response.ok) write(`the alert webhook answered ${response.status} to ${alert.code}`)
  } catch (error) {
    write(`the alert webhook could not be reached for ${alert.code}: ${(error as Error).message}`)
  }
}
