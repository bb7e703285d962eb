import { sql } from 'drizzle-orm'
import {
  type AnyMySqlColumn,
  check,
  foreignKey,
  int,
  mysqlTable,
  unique,
  uniqueIndex,
  varchar,
} from 'drizzle-orm/mysql-core'
import { hash } from '../../../config/routing.ts'
import { big, design } from './design.ts'
import { keys } from './keys-design.ts'

const ids = ['1', 2, '3']

const accounts = mysqlTable(
  'accounts',
  {
    id: big('id').primaryKey(),
    owner: int('owner').notNull(),
    email: varchar('email', { length: 20 }).unique(),
    team: int('team').default(1),
    number: int('number').default(1),
    slug: varchar('slug', { length: 20 }),
    nick: varchar('nick', { length: 20 }),
    base: int('base'),
    doubled: int('doubled').generatedAlwaysAs(sql`base * 2`, { mode: 'stored' }),
    low: int('low'),
    high: int('high'),
    note: varchar('note', { length: 5 }),
  },
  (t) => [
    unique('accounts_number').on(t.team, t.number),
    unique('accounts_doubled').on(t.doubled),
    uniqueIndex('accounts_slug').on(t.slug),
    uniqueIndex('accounts_nick').on(sql`(upper(nick))`),
    check('accounts_range', sql`low <= high`),
  ],
)

/** Unique keys of every sort, which compare as MySQL does: 'a' and 'A' are one, 'xy1' and 'xy2' too. */
export const uniques = design(
  { account: { tables: [accounts], shardBy: hash('owner') } },
  {
    id: ids,
    owner: [7, 7, 7, 8],
    email: ['a', 'A', 'á', 'b', 'a ', null],
    team: [1, 2, null],
    number: [1, 2, null],
    slug: ['xy1', 'xy2', 'z', null],
    nick: ['n', 'N', 'm', null],
    base: [1, 2, null],
    low: [1, 5, null],
    high: [3, 6, null],
    note: ['short', 'longer', null],
  },
  {
    ddl: [
      'ALTER TABLE accounts DROP INDEX accounts_slug, ADD UNIQUE KEY accounts_slug (slug(2)),' +
        ' MODIFY note varchar(5)',
    ],
  },
)

const folders = mysqlTable('folders', {
  id: big('id').primaryKey(),
  code: int('code').unique(),
  label: varchar('label', { length: 9 }),
})
const files = mysqlTable('files', {
  id: big('id').primaryKey(),
  folderId: big('folder_id').references(() => folders.id),
  label: varchar('label', { length: 9 }).unique(),
})
const pages = mysqlTable('pages', {
  id: big('id').primaryKey(),
  folderId: big('folder_id').references(() => folders.id, { onDelete: 'cascade' }),
  label: varchar('label', { length: 9 }).default('new'),
})
const lines = mysqlTable('lines', {
  id: big('id').primaryKey(),
  pageId: big('page_id').references(() => pages.id, { onDelete: 'cascade' }),
  saves: int('saves').notNull().default(0),
})
const marks = mysqlTable(
  'marks',
  {
    id: big('id').primaryKey(),
    folderId: big('folder_id').references(() => folders.id, { onDelete: 'set null' }),
    code: int('code').references(() => folders.code, { onUpdate: 'cascade' }),
    label: varchar('label', { length: 9 }),
  },
  (t) => [unique('marks_label').on(t.folderId, t.label)],
)

/** A parent with children that hold on to it, go with it, and are cut off from it. */
export const family = design(
  {
    folder: { tables: [folders] },
    file: { tables: [files] },
    page: { tables: [pages] },
    line: { tables: [lines] },
    mark: { tables: [marks] },
  },
  {
    id: ['1', '2'],
    folderId: ['1', '2', null],
    pageId: ['1', '2', null],
    code: [1, 2, null],
    label: ['a', 'b', null],
    saves: [0, 5],
  },
)

const comments = mysqlTable('comments', {
  id: big('id').primaryKey(),
  parentId: big('parent_id').references((): AnyMySqlColumn => comments.id),
  label: varchar('label', { length: 9 }),
})
const replies = mysqlTable('replies', {
  id: big('id').primaryKey(),
  parentId: big('parent_id').references((): AnyMySqlColumn => replies.id, { onDelete: 'cascade' }),
  label: varchar('label', { length: 9 }).default('new'),
})

/** Trees in one table. */
export const trees = design(
  { comment: { tables: [comments] }, reply: { tables: [replies] } },
  { id: ids, parentId: ['1', '2', '3', null], label: ['a', 'b', null] },
)

const notes = mysqlTable('notes', {
  id: big('id').primaryKey(),
  owner: int('owner').notNull(),
  revision: int('revision').notNull(),
  title: varchar('title', { length: 9 }).notNull().default('none'),
  saves: int('saves', { unsigned: true }).notNull().default(0),
})
const noteTexts = mysqlTable(
  'note_texts',
  {
    noteId: big('note_id').primaryKey(),
    owner: int('owner').notNull(),
    text: varchar('text', { length: 3 }).default('new'),
    saves: int('saves', { unsigned: true }).notNull().default(2),
  },
  (t) => [foreignKey({ columns: [t.noteId], foreignColumns: [notes.id] }).onDelete('cascade')],
)

/** Two tables, a version, other tables for each kind. */
export const versions = design(
  {
    note: {
      version: 'revision',
      shardBy: hash('owner'),
      tables: [
        notes,
        { table: noteTexts, map: { noteId: 'id' }, on: ['create', 'update', 'delete'] },
      ],
    },
  },
  {
    id: ids,
    owner: [7, 7, 7, 8],
    revision: [1, 2, 3, 4, 5, 6],
    title: ['a', 'b'],
    text: ['a', 'long', null],
    saves: [0, 3, -2],
  },
)

const seats = mysqlTable('seats', {
  id: big('id').primaryKey(),
  name: varchar('name', { length: 9 }).unique(),
  guest: varchar('guest', { length: 9 }),
  changes: int('changes').notNull().default(0),
})
const seatLog = (event: string, row: string) =>
  `INSERT INTO seat_log (event, id, name) VALUES ('${event}', ${row}.id, ${row}.name)`

/** Triggers that change the row, write to another table, and reject: an ordered type. */
export const triggers = design(
  { seat: { tables: [seats], ordered: true } },
  { id: ids, name: ['x', 'y', 'z', null], guest: [' ada ', 'bob', 'nobody', null], changes: [0] },
  {
    ddl: [
      'CREATE TABLE seat_log (at INT AUTO_INCREMENT PRIMARY KEY, event VARCHAR(9), id BIGINT, name VARCHAR(9))',
      `CREATE TRIGGER seats_bi BEFORE INSERT ON seats FOR EACH ROW
        IF NEW.guest = 'nobody' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no';
        ELSE SET NEW.guest = TRIM(NEW.guest); END IF`,
      // An upsert of a row that is there comes by the trigger before an insert as well; whether it sets
      // what that one made of the values is not promised, so this one makes the same of them.
      `CREATE TRIGGER seats_bu BEFORE UPDATE ON seats FOR EACH ROW
        SET NEW.changes = OLD.changes + 1, NEW.guest = TRIM(NEW.guest)`,
      `CREATE TRIGGER seats_ai AFTER INSERT ON seats FOR EACH ROW ${seatLog('made', 'NEW')}`,
      `CREATE TRIGGER seats_au AFTER UPDATE ON seats FOR EACH ROW ${seatLog('changed', 'NEW')}`,
      `CREATE TRIGGER seats_ad AFTER DELETE ON seats FOR EACH ROW ${seatLog('gone', 'OLD')}`,
    ],
    alsoCompared: { seat_log: 'event, id, name' },
  },
)

export const designs = { uniques, family, trees, keys, versions, triggers }
