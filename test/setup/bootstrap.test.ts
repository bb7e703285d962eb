import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fakeProgram } from './fake-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('arguments go to the script, its exit code comes back, and its tools are first on PATH', async () => {
  const project = installedProject(`
    console.log(process.argv.slice(2).join(), process.env.PATH.split(':')[0])
    process.exitCode = 7
  `)
  const { code, output } = await ended(start(project, ['a', 'b c']))
  expect(code).toBe(7)
  expect(output).toBe(`a,b c ${join(project, 'node_modules/.bin')}\n`)
})

test('a doubled Ctrl-C reaches the script once, and the script decides when it is done', async () => {
  const project = installedProject(`
    let count = 0
    process.on('SIGINT', () => {
      if (++count === 1) setTimeout(() => process.exit(count), 300)
    })
    setInterval(() => {}, 1000)
    console.log('ready')
  `)
  const child = start(project, [])
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  child.kill('SIGINT')
  expect((await ended(child)).code).toBe(1)
})

test('the script learns that its bootstrap was killed', async () => {
  const project = installedProject(`
    import { writeFileSync } from 'node:fs'
    process.on('disconnect', () => {
      writeFileSync('ended', '')
      console.log('ended')
    })
    console.log('ready')
  `)
  const child = start(project, [])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child.stdout, 'data')
  expect(existsSync(join(project, 'ended'))).toBe(true)
})

test('missing packages are installed, in one line', async () => {
  const project = emptyProject('')
  const node = join(project, 'node_modules/.bin/node')
  fakeProgram(
    join(project, 'programs'),
    'npm',
    `echo npm warn EBADENGINE; mkdir -p node_modules/.bin; ln -sf ${process.execPath} ${node}`,
  )
  const { code, output } = await ended(start(project, []))
  expect(output).toMatch(/^✔ Packages of package-lock\.json installed +\d+\.\d s\n$/)
  expect(code).toBe(0)
  expect((await ended(start(project, []))).output).toBe('')
})

test('no install script runs but those of the runtimes', async () => {
  const project = emptyProject('')
  const node = join(project, 'node_modules/.bin/node')
  fakeProgram(
    join(project, 'programs'),
    'npm',
    `echo "$@" >> said; mkdir -p node_modules/.bin; ln -sf ${process.execPath} ${node}`,
  )
  await ended(start(project, []))
  const quiet = '--loglevel=error --no-audit --no-fund'
  expect(readFileSync(join(project, 'said'), 'utf8')).toBe(
    `ci --ignore-scripts ${quiet}\nrebuild --ignore-scripts=false ${quiet} node deno bun\n`,
  )
})

test('a failed installation shows what npm said', async () => {
  const project = emptyProject('')
  fakeProgram(join(project, 'programs'), 'npm', 'echo registry is down; exit 9')
  const { code, output } = await ended(start(project, []))
  expect(output).toMatch(/✘ Packages .*\n.*failed \(9\):\nregistry is down\n/)
  expect(code).toBe(1)
})

test('skipped install scripts are named, with the command that makes up for them', async () => {
  const project = emptyProject('')
  fakeProgram(join(project, 'programs'), 'npm', 'mkdir -p node_modules')
  const { code, output } = await ended(start(project, []))
  expect(output).toContain('npm rebuild --ignore-scripts=false node deno bun')
  expect(code).toBe(1)
})

/** A project of its own: the bootstrap works on the folder that it lies in. */
function emptyProject(script: string): string {
  const project = temporaryFolder()
  mkdirSync(join(project, 'setup'))
  mkdirSync(join(project, 'programs'))
  cpSync('setup/bootstrap.mjs', join(project, 'setup/bootstrap.mjs'))
  writeFileSync(join(project, 'script.mjs'), script)
  const locked = { '': {}, 'node_modules/one': { version: '1.0.0' } }
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify({ packages: locked }))
  return project
}

/** One in which someone ran npm by hand. */
function installedProject(script: string): string {
  const project = emptyProject(script)
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true })
  symlinkSync(process.execPath, join(project, 'node_modules/.bin/node'))
  const present = { 'node_modules/one': { version: '1.0.0' } }
  writeFileSync(
    join(project, 'node_modules/.package-lock.json'),
    JSON.stringify({ packages: present }),
  )
  return project
}

function start(project: string, args: string[]) {
  const child = spawn(process.execPath, ['setup/bootstrap.mjs', 'script.mjs', ...args], {
    cwd: project,
    env: { ...process.env, PATH: `${join(project, 'programs')}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function ended(child: ReturnType<typeof start>) {
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  return { code, output }
}
