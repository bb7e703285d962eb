/** How long a publish may take by default: about what an HTTP client waits. */
export const defaultPublishTimeoutMs = 15_000
