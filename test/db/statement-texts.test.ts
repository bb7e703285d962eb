import { describe, expect, test } from 'vitest'
import type { Effect, Row } from '../../core/statement.ts'
import { StatementTexts } from '../../db/statements/statement-texts.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { note, pin, ticket, user } from './sample-types.ts'

const texts = new StatementTexts()
const text = 'TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin'

function bind(type: DatabaseType, effect: Effect, rows: readonly Row[], table = 0) {
  const { sql, json } = texts.bind({ type, effect, rows, table })
  return { sql, rows: JSON.parse(json) }
}

describe('create', () => {
  test('is one INSERT … SELECT whatever the number of rows', () => {
    const { sql, rows } = bind(user, 'create', [
      { set: { id: '1', username: 'ada' } },
      { set: { id: '2', username: 'bob' } },
    ])
    expect(sql).toBe(
      'INSERT INTO `users` (`id`, `username`) SELECT `new`.`id`, `new`.`username` FROM ' +
        "JSON_TABLE(?, '$[*]' COLUMNS (`id` BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR, " +
        `\`username\` ${text} PATH '$[2]' ERROR ON ERROR)) AS \`new\``,
    )
    expect(rows).toEqual([
      [3, '1', 'ada'],
      [3, '2', 'bob'],
    ])
  })

  test('fills absent columns with their defaults, and asks MySQL only for expressions', () => {
    const set = { id: '1', userId: '7', title: 'a' }
    const { sql, rows } = bind(pin, 'create', [{ set }])
    expect(sql).toContain('IF(`new`.`#0` & 128, LEFT(`new`.`created_at`, 23), (now(3)))')
    expect(sql.match(/IF\(/g)).toHaveLength(1)
    expect(rows).toEqual([[7, '1', '7', 'a', null, null, 0, 'made by the worker', null]])
    const given = { set: { ...set, createdAt: '2026-11-23T03:04:05.123Z' } }
    expect(bind(pin, 'create', [given]).sql).not.toContain('IF(')
  })
})

describe('upsert', () => {
  test('touches only the row of its own key and shard key', () => {
    const { sql } = bind(pin, 'upsert', [{ set: { id: '1', userId: '7' } }], 1)
    expect(sql).toBe(
      'INSERT INTO `board_pins` (`pin_id`, `user_id`) SELECT `new`.`pin_id`, `new`.`user_id` ' +
        "FROM JSON_TABLE(?, '$[*]' COLUMNS (`pin_id` BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR, " +
        "`user_id` BIGINT UNSIGNED PATH '$[2]' ERROR ON ERROR)) AS `new` " +
        'ON DUPLICATE KEY UPDATE `board_pins`.`pin_id` = IF(`board_pins`.`pin_id` = `new`.`pin_id` ' +
        "AND `board_pins`.`user_id` = `new`.`user_id`, `board_pins`.`pin_id`, 'another row')",
    )
  })

  test('compares texts exactly and lets a version decide', () => {
    const set = {
      space: 's',
      name: 'n',
      revision: 2,
      price: '1.50000',
      digest: 'AAECAw==',
      balance: '0',
    }
    const { sql } = bind(note, 'upsert', [{ set, guardVersion: 2 }])
    expect(sql).toContain(
      'ON DUPLICATE KEY UPDATE `notes`.`space` = IF(`notes`.`space` = `new`.`space` ' +
        'AND `notes`.`name` = `new`.`name` ' +
        'AND (`notes`.`revision` >= `new`.`<revision`) IS NOT TRUE, `notes`.`space`, NULL), ' +
        '`notes`.`revision` = `new`.`revision`, `notes`.`price` = `new`.`price`, ' +
        '`notes`.`digest` = FROM_BASE64(`new`.`digest`), `notes`.`balance` = `new`.`balance`',
    )
  })

  test('keeps the stored value of a column that a row leaves out', () => {
    const rows = [{ set: { id: '1', seat: '1A' } }, { set: { id: '2' } }]
    expect(bind(ticket, 'upsert', rows).sql).toContain(
      '`tickets`.`seat` = IF(`new`.`#0` & 2, `new`.`seat`, `tickets`.`seat`)',
    )
    expect(bind(ticket, 'upsert', rows.slice(0, 1)).sql).toContain(
      '`tickets`.`seat` = `new`.`seat`',
    )
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
      return many.bind({ type: pin, effect: 'modify', rows: [row], table: 0 }).sql
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
  const { inspectSql } = texts.bind({ type: note, effect: 'delete', rows, table: 0 })
  expect(inspectSql).toBe(
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
  const first = texts.bind({ type: pin, effect: 'create', rows, table: 0 })
  const second = texts.bind({ type: pin, effect: 'create', rows, table: 1 })
  expect(second.json).toBe(first.json)
  expect(second.sql).not.toBe(first.sql)
})
