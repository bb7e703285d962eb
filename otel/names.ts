/**
 * Names of spans' attributes: OpenTelemetry's semantic conventions (HTTP, messaging) where they
 * have one, `sluice.*` otherwise. Listed here so that spans on both sides of the log say the same.
 */
export const attributes = {
  httpRequestMethod: 'http.request.method',
  httpResponseStatusCode: 'http.response.status_code',
  httpRoute: 'http.route',
  urlPath: 'url.path',
  urlScheme: 'url.scheme',
  errorType: 'error.type',
  messagingSystem: 'messaging.system',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestinationName: 'messaging.destination.name',
  messagingBatchMessageCount: 'messaging.batch.message_count',
  messagingPartitionId: 'messaging.destination.partition.id',
  dbSystemName: 'db.system.name',
  dbOperationName: 'db.operation.name',
  dbCollectionName: 'db.collection.name',
  dbOperationBatchSize: 'db.operation.batch.size',
  shard: 'sluice.shard',
  position: 'sluice.position',
  statements: 'sluice.statements',
  job: 'sluice.job.id',
  tenant: 'sluice.tenant',
  operations: 'sluice.operations',
} as const

/** The name of the tracer that all of Sluice's own spans come from. */
export const tracerName = 'sluice'
