/** The longest name of a tenant, in characters: it is part of a key in the shards. */
export const maxTenantLength = 255
