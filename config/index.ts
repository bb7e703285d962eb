/** What a config file needs. */
export { defineConfig } from './define-config.ts'
export { bits, hash, modulo, ranges, route } from './routing.ts'
export { mysqlShards } from './shards.ts'
