import process from 'node:process'
import { type KafkaClientName, openEmbedded, openKafka } from './open-log.ts'

// Joins the log's group and stays until it is killed.
const [kind, where] = process.argv.slice(2)
const log =
  kind === 'embedded'
    ? openEmbedded(where!, { owner: 'the other member' })
    : await openKafka(kind as KafkaClientName, where!)
const member = await log.join()
await member.next(-1)
console.log('joined')
setInterval(() => {}, 1000)
