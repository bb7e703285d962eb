import type { ModelType } from './model-type.ts'
import { modelType } from './model-type.ts'

/** One type for each thing that merging and planning must mind. */

/** One table; a column that overflows soon, a nullable one, a float that does not add exactly. */
export const note = modelType({
  name: 'note',
  ordinal: 0,
  key: ['id'],
  columns: {
    title: {},
    body: {},
    saves: { holds: 'integer', default: 0 },
    score: { holds: 'integer', range: [-9, 9] },
    weight: { holds: 'float', default: 0 },
  },
})

/** Three tables, and each kind writes others of them; `saves` is in two. */
export const pin = modelType({
  name: 'pin',
  ordinal: 1,
  key: ['id'],
  tables: {
    create: [0, 1, 2],
    upsert: [0, 1],
    update: [0, 1],
    increment: [0, 2],
    delete: [0, 1, 2],
  },
  columns: {
    title: { tables: [0] },
    link: { tables: [1] },
    rank: { tables: [0], holds: 'integer', default: 5 },
    saves: { tables: [0, 2], holds: 'integer', default: 0 },
    likes: { tables: [2], holds: 'integer', default: 1 },
  },
})

/** Guarded by a version, which only its first table holds; an upsert makes no row in the second. */
export const profile = modelType({
  name: 'profile',
  ordinal: 2,
  key: ['id'],
  version: 'version',
  tables: { create: [0, 1], delete: [0, 1], update: [0, 1] },
  columns: {
    version: { tables: [0], holds: 'integer', default: 0 },
    name: { tables: [0] },
    bio: { tables: [1] },
    visits: { tables: [0], holds: 'integer', default: 0 },
  },
})

/** A composite key, and a column that counts changes: merging would miscount. */
export const tally = modelType({
  name: 'tally',
  ordinal: 3,
  key: ['id', 'region'],
  columns: {
    label: {},
    amount: { holds: 'integer', default: 0 },
    changes: { holds: 'integer', range: [0, 1000], default: 0, countsChanges: true },
  },
})

/** Log order among all its objects: a seat passes from one to another. */
export const booking = modelType({
  name: 'booking',
  ordinal: 4,
  key: ['id'],
  ordered: true,
  columns: { seat: { unique: true }, guest: {}, meals: { holds: 'integer', default: 0 } },
})

/** Single and joint unique keys, and a check over two columns. */
export const user = modelType({
  name: 'user',
  ordinal: 5,
  key: ['id'],
  uniqueTogether: ['team', 'number'],
  check: {
    columns: ['low', 'high'],
    holds: ({ low, high }) => low == null || high == null || Number(low) <= Number(high),
  },
  columns: {
    username: { unique: true },
    team: { default: 'red' },
    number: { default: 1 },
    low: { holds: 'integer' },
    high: { holds: 'integer' },
    email: {},
  },
})

/**
 * A parent with a child that holds on to it, and one that goes with it, whose own child goes too; and
 * a tree in one table.
 */
export const folder = modelType({
  name: 'folder',
  ordinal: 6,
  key: ['id'],
  independent: false,
  cascadesTo: ['page', 'line'],
  columns: { label: {} },
})
export const file = modelType({
  name: 'file',
  ordinal: 7,
  key: ['id'],
  independent: false,
  columns: { folderId: { references: 'folder' }, label: { unique: true } },
})
export const page = modelType({
  name: 'page',
  ordinal: 8,
  key: ['id'],
  independent: false,
  cascadesTo: ['line'],
  columns: { folderId: { references: 'folder', onDelete: 'cascade' }, label: {} },
})
export const line = modelType({
  name: 'line',
  ordinal: 9,
  key: ['id'],
  independent: false,
  columns: {
    pageId: { references: 'page', onDelete: 'cascade' },
    label: {},
    saves: { holds: 'integer', default: 0 },
  },
})
export const comment = modelType({
  name: 'comment',
  ordinal: 10,
  key: ['id'],
  independent: false,
  columns: { parentId: { references: 'comment' }, label: {} },
})
export const reply = modelType({
  name: 'reply',
  ordinal: 11,
  key: ['id'],
  independent: false,
  cascadesTo: ['reply'],
  columns: { parentId: { references: 'reply', onDelete: 'cascade' }, label: {} },
})

/** Types whose objects do not touch each other, and one that is `ordered`. */
export const separateTypes: readonly ModelType[] = [note, pin, profile, tally, booking]
/** Types in which one object's values decide what another's may be. */
export const entangledTypes: readonly ModelType[] = [user, folder, file, page, line, comment, reply]
export const sampleTypes: readonly ModelType[] = [...separateTypes, ...entangledTypes]
