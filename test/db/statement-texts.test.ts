import { describe, expect, test } from 'vitest'
import type { Effect, Row } from '../../core/statement.ts'
import { StatementTexts } from '../../db/statements/statement-texts.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { note, pin, ticket, user } from './sample-types.ts'

const texts = new StatementTexts()
const text = 'TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin'

function bind(type: DatabaseType, effect: Effect, rows: readonly Row[], table = 0) {
  const { sql, json } = texts.bind({ type, effect, rows, table }).write
  return { sql, rows: json === undefined ? undefined : JSON.parse(json) }
}

describe('create', () => {
  test('is one INSERT whatever the number of rows', () => {
    const { sql } = bind(user, 'create', [
      { set: { id: '1', username: 'ada' } },
      { set: { id: '2', username: 'bob' } },
    ])
    expect(sql).toBe("INSERT INTO `users` (`id`, `username`) VALUES (1,'ada'),(2,'bob')")
  })

  test('leaves what no row gives to MySQL, but for what the worker makes', () => {
    const set = { id: '1', userId: '7', title: 'a' }
    expect(bind(pin, 'create', [{ set }]).sql).toBe(
      "INSERT INTO `pins` (`id`, `user_id`, `title`, `code`) VALUES (1,7,'a','made by the worker')",
    )
  })

  test('asks for the default where another row gives the column', () => {
    const set = { id: '1', userId: '7', title: 'a' }
    const given = { ...set, id: '2', createdAt: '2026-11-23T03:04:05.123Z', code: null }
    expect(bind(pin, 'create', [{ set }, { set: given }]).sql).toBe(
      'INSERT INTO `pins` (`id`, `user_id`, `title`, `code`, `created_at`) VALUES ' +
        "(1,7,'a','made by the worker',DEFAULT),(2,7,'a',NULL,'2026-11-23T03:04:05.123')",
    )
  })

  test('writes each kind of value as a literal that can not end itself', () => {
    const set = { id: '18446744073709551615', userId: '7', title: 'o\'\\\0 \n"' }
    const metadata = { text: 'it\'s "quoted" \\ \0' }
    expect(bind(pin, 'create', [{ set: { ...set, metadata, saves: -1 } }]).sql).toContain(
      `VALUES (18446744073709551615,7,'o\\'\\\\\\0 \n"',` +
        `'{"text":"it\\'s \\\\"quoted\\\\" \\\\\\\\ \\\\u0000"}',-1,`,
    )
    const bytes = { space: 's', name: 'n', revision: 2, digest: 'AAEC/w==', price: '1.50000' }
    expect(bind(note, 'create', [{ set: bytes }]).sql).toContain(
      "VALUES ('s','n',2,1.50000,x'000102ff')",
    )
  })

  test('quotes what is no number where a number belongs, so that MySQL refuses it', () => {
    const set = { id: '1) OR (1', userId: '7', title: 'a' }
    expect(bind(pin, 'create', [{ set }]).sql).toContain("VALUES ('1) OR (1',7,")
  })
})

describe('upsert', () => {
  test('touches only the row of its own key and shard key', () => {
    const { sql } = bind(pin, 'upsert', [{ set: { id: '1', userId: '7' } }], 1)
    expect(sql).toBe(
      'INSERT INTO `board_pins` (`pin_id`, `user_id`) VALUES (1,7) AS `new` ' +
        'ON DUPLICATE KEY UPDATE `board_pins`.`pin_id` = IF(`board_pins`.`pin_id` = `new`.`pin_id` ' +
        "AND `board_pins`.`user_id` = `new`.`user_id`, `board_pins`.`pin_id`, 'another row')",
    )
  })

  const revised = { space: 's', name: 'n', revision: 2, digest: 'AAECAw==' }

  test('compares texts exactly and lets a version decide', () => {
    expect(bind(note, 'upsert', [{ set: revised, guardVersion: 2 }]).sql).toBe(
      'INSERT INTO `notes` (`space`, `name`, `revision`, `digest`) VALUES ' +
        "('s','n',2,x'00010203') AS `new` " +
        'ON DUPLICATE KEY UPDATE `notes`.`space` = IF(`notes`.`space` = `new`.`space` ' +
        'AND `notes`.`name` = `new`.`name` ' +
        'AND (`notes`.`revision` >= `new`.`revision`) IS NOT TRUE, `notes`.`space`, NULL), ' +
        '`notes`.`revision` = `new`.`revision`, `notes`.`digest` = `new`.`digest`',
    )
  })

  test('carries the guard by itself where a merged row sets a higher version', () => {
    const { sql, rows } = bind(note, 'upsert', [{ set: revised, guardVersion: 1 }])
    expect(sql).toContain('AND (`notes`.`revision` >= `new`.`<revision`) IS NOT TRUE')
    expect(rows).toEqual([[87, 's', 'n', 2, null, 'AAECAw==', '0', 1]])
  })

  test('makes the value of a default function, and sets it only where it is given', () => {
    const set = { id: '1', userId: '7', title: 'a' }
    const absent = bind(pin, 'upsert', [{ set }]).sql
    expect(absent).toContain("VALUES (1,7,'a','made by the worker') AS")
    expect(absent).not.toContain('`pins`.`code` =')
    const given = bind(pin, 'upsert', [{ set: { ...set, code: 'mine' } }]).sql
    expect(given).toContain('`pins`.`code` = `new`.`code`')
  })

  test('keeps the stored value of a column that a row leaves out', () => {
    const rows = [{ set: { id: '1', seat: '1A' } }, { set: { id: '2' } }]
    for (const order of [rows, rows.toReversed()]) {
      expect(bind(ticket, 'upsert', order).sql).toContain(
        '`tickets`.`seat` = IF(`new`.`#0` & 2, `new`.`seat`, `tickets`.`seat`)',
      )
    }
    expect(bind(ticket, 'upsert', rows.slice(1)).sql).not.toContain('`seat`')
  })
})

describe('modify', () => {
  test('sets and adds in one UPDATE, naming only the columns that the batch touches', () => {
    const { sql, rows } = bind(pin, 'modify', [
      { set: { id: '1', userId: '7', title: 'a' } },
      { set: { id: '2', userId: '7' }, add: { saves: 5 } },
    ])
    expect(sql).toBe(
      "UPDATE /*+ INDEX(`t` `PRIMARY`) */ JSON_TABLE(?, '$[*]' COLUMNS (" +
        "`id` BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR, " +
        "`user_id` BIGINT UNSIGNED PATH '$[2]' ERROR ON ERROR, " +
        "`#0` INT UNSIGNED PATH '$[0]' ERROR ON ERROR, " +
        `\`title\` ${text} PATH '$[3]' ERROR ON ERROR, ` +
        "`+saves` DECIMAL(20,0) PATH '$[7]' ERROR ON ERROR)) AS `new` " +
        'STRAIGHT_JOIN `pins` AS `t` ON `t`.`id` = `new`.`id` AND `t`.`user_id` = `new`.`user_id` ' +
        'SET `t`.`title` = IF(`new`.`#0` & 4, `new`.`title`, `t`.`title`), ' +
        '`t`.`saves` = `t`.`saves` + IFNULL(`new`.`+saves`, 0)',
    )
    expect(rows[1]).toEqual([67, '2', '7', null, null, null, 0, 5, 'made by the worker', null])
  })

  test('needs no flags where all rows set the same columns', () => {
    const { sql } = bind(pin, 'modify', [{ set: { id: '1', userId: '7', title: 'a' } }])
    expect(sql).toMatch(/SET `t`\.`title` = `new`\.`title`$/)
    expect(sql).not.toContain('#0')
  })

  test('still finds the row where it has nothing to set', () => {
    const { sql } = bind(pin, 'modify', [{ set: { id: '1', userId: '7', title: 'a' } }], 1)
    expect(sql).toMatch(/SET `t`\.`pin_id` = `t`\.`pin_id`$/)
  })

  test('shares one text beyond a bounded number of column sets', () => {
    const columns = ['title', 'link', 'metadata', 'saves', 'code', 'createdAt']
    const sets = Array.from({ length: 2 ** columns.length }, (_, bits) =>
      columns.filter((_column, i) => bits & (1 << i)),
    )
    const many = new StatementTexts()
    const made = sets.map((names) => {
      const set = Object.fromEntries(names.map((name) => [name, name === 'saves' ? 1 : 'x']))
      const row = { set: { id: '1', userId: '7', ...set } }
      return many.bind({ type: pin, effect: 'modify', rows: [row], table: 0 }).write.sql
    })
    expect(new Set(made).size).toBeLessThanOrEqual(33)
  })
})

describe('delete', () => {
  test('matches key and shard key, and its rows carry nothing else', () => {
    const { sql, rows } = bind(pin, 'delete', [{ set: { id: '1', userId: '7' } }])
    expect(sql).toBe(
      "DELETE /*+ INDEX(`t` `PRIMARY`) */ `t` FROM JSON_TABLE(?, '$[*]' COLUMNS (" +
        "`id` BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR, " +
        "`user_id` BIGINT UNSIGNED PATH '$[2]' ERROR ON ERROR)) AS `new` " +
        'STRAIGHT_JOIN `pins` AS `t` ON `t`.`id` = `new`.`id` AND `t`.`user_id` = `new`.`user_id`',
    )
    expect(rows).toEqual([[3, '1', '7']])
  })
})

test('the locking read tells which keys exist, whose they are, and how old', () => {
  const rows = [{ set: { space: 's', name: 'n' }, guardVersion: 3 }]
  const { sql } = texts.bind({ type: note, effect: 'delete', rows, table: 0 }).inspect()
  expect(sql).toBe(
    'SELECT /*+ INDEX(`t` `PRIMARY`) */ `new`.`#` AS `row`, TRUE AS `mine`, ' +
      '(`t`.`revision` >= `new`.`<revision`) IS NOT TRUE AS `older` ' +
      "FROM JSON_TABLE(?, '$[*]' COLUMNS (`#` FOR ORDINALITY, " +
      "`<revision` INT PATH '$[3]' ERROR ON ERROR, " +
      `\`space\` ${text} PATH '$[1]' ERROR ON ERROR, ` +
      `\`name\` ${text} PATH '$[2]' ERROR ON ERROR)) AS \`new\` ` +
      'STRAIGHT_JOIN `notes` AS `t` ON `t`.`space` = `new`.`space` AND `t`.`name` = `new`.`name` ' +
      'FOR UPDATE OF `t`',
  )
})

test('statements of several tables share one parameter and encode it once', () => {
  const set = { id: '1', userId: '7', title: 'a' }
  const rows = [{ set }]
  const first = texts.bind({ type: pin, effect: 'modify', rows, table: 0 }).write
  const second = texts.bind({ type: pin, effect: 'modify', rows, table: 1 }).write
  expect(second.json).toBe(first.json)
  expect(second.sql).not.toBe(first.sql)
})
