import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { provideMysql } from '../../setup/mysql/provide.ts'
import { refusalOf } from '../../setup/mysql/version.ts'
import { fakeProgram } from './fake-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

test.each([
  ['mysqld  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))', undefined],
  ['9.7.4-2', undefined],
  ['8.0.21', undefined],
  ['8.0.3', /is MySQL 8\.0\.3; 8\.0\.21 or newer is needed/],
  ['5.7.44-log', /is MySQL 5\.7\.44/],
  ['mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu', /is MariaDB 10\.11\.6/],
  ['mysqld: not today', /no version that could be read: mysqld: not today/],
])('%s', (said, refusal) => {
  if (refusal === undefined) expect(refusalOf(said)).toBeUndefined()
  else expect(refusalOf(said)).toMatch(refusal)
})

test('when nothing can be had, the error says why each choice failed and what to do', async () => {
  const programs = temporaryFolder()
  fakeProgram(programs, 'mysqld', 'echo mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu')
  fakeProgram(programs, 'docker', 'echo Cannot connect to the Docker daemon >&2; exit 1')

  const provided = provideMysql({ dataDir: temporaryFolder(), searchPath: programs })

  await expect(provided).rejects.toThrow(
    [
      'No MySQL server could be found or started. Tried:',
      `  - mysqld on the PATH: ${join(programs, 'mysqld')} is MariaDB 10.11.6, whose SQL differs (no row alias in upserts); MySQL 8.0.21 or newer is needed`,
      '  - Docker: no engine answers: Cannot connect to the Docker daemon',
      "  - Debian's packages: this system has no apt-get and dpkg-deb",
      'Do one of these, then try again:',
      '  - set SLUICE_MYSQL_URL to a MySQL 8.0.21 or newer, mysql://user:password@host:port',
    ].join('\n'),
  )
})

test('a container is published on loopback only, its password is no argument', async () => {
  const [programs, dataDir] = [temporaryFolder(), temporaryFolder()]
  const record = join(programs, 'arguments')
  fakeProgram(
    programs,
    'docker',
    `echo "$@" >> ${record}; [ "$1" != run ] || { echo no room >&2; exit 125; }; echo yes`,
  )

  await expect(provideMysql({ dataDir, searchPath: programs })).rejects.toThrow('no room')

  const ran = readFileSync(record, 'utf8').match(/^run .*$/m)?.[0]
  expect(ran).toMatch(/--publish 127\.0\.0\.1:\d+:3306 --volume \S+\/mysql\/docker-data:/)
  expect(ran).not.toContain(readFileSync(join(dataDir, 'mysql', 'password'), 'utf8'))
})

test('a given server that does not answer is named without its password', async () => {
  const provided = provideMysql({
    dataDir: temporaryFolder(),
    url: 'mysql://me:secret@127.0.0.1:1',
  })
  await expect(provided).rejects.toThrow(/^MySQL at mysql:\/\/me@127\.0\.0\.1:1 does not answer/)
  await expect(provided).rejects.not.toThrow('secret')
})

test('the choice that worked last time goes first', async () => {
  const [programs, dataDir] = [temporaryFolder(), temporaryFolder()]
  await expect(provideMysql({ dataDir, searchPath: programs })).rejects.toThrow()
  writeFileSync(join(dataDir, 'mysql', 'choice'), 'Docker\n')
  await expect(provideMysql({ dataDir, searchPath: programs })).rejects.toThrow(
    /Tried:\n {2}- Docker.*\n {2}- mysqld/,
  )
})
