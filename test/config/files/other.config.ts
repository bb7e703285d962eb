export default { shards: 8 }
