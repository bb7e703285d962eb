// The first step of every command, for any Node from 20 on: installs the locked packages where
// needed, then runs the script that it was given on the Node that those packages bring.
//   node setup/bootstrap.mjs <script.ts> [arguments]

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockFile = join(root, 'package-lock.json')
const installed = join(root, 'node_modules')
const bin = join(installed, '.bin')
const node = join(bin, 'node')
const oldestNode = [22, 18]
/** Packages that get their programs by an install script. */
const withProgram = ['node', 'deno', 'bun']
/** One Ctrl-C comes twice, from the terminal and through npm; within this time it is the same. */
const sameSignalMs = 500
const orphanCheckMs = 500

await main(process.argv.slice(2))

async function main([script, ...rest]) {
  if (script === undefined) fail('Say which script to run: node setup/bootstrap.mjs <script.ts>')
  // `bun run …`: there is no Node then, and npm is not what installed the packages.
  if (process.versions.bun) return runScript(process.execPath, resolve(script), rest)
  const lock = createHash('sha256').update(readFileSync(lockFile)).digest('hex')
  if (!isInstalled(lock)) await install(lock)
  checkNode()
  runScript(node, resolve(script), rest)
}

function isInstalled(lock) {
  const mark = join(installed, '.sluice-lock')
  // Installed from another lock, what is missing may be new and not left out.
  if (existsSync(mark)) return readFileSync(mark, 'utf8') === lock
  if (!hasLockedVersions()) return false
  writeFileSync(mark, lock)
  return true
}

/** Someone may have run npm by hand: what npm says is installed counts as well. */
function hasLockedVersions() {
  const hidden = join(installed, '.package-lock.json')
  if (!existsSync(hidden)) return false
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages
  const locked = JSON.parse(readFileSync(lockFile, 'utf8')).packages
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === '' || (path in present ? present[path].version === version : optional),
  )
}

async function install(lock) {
  const startMs = performance.now()
  const tty = process.stdout.isTTY
  if (tty) process.stdout.write('… Packages')
  // By the system's Node: ours is among the packages and about to be replaced. Only errors: npm
  // would warn at length that packages want a newer Node, which they get.
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund']
  // Not every npm knows package.json's allowScripts: one of the others would build the Kafka client
  // of the wrong Node for minutes, so none runs but those that are wanted.
  let args = ['ci', '--ignore-scripts', ...quiet]
  let { code, output } = await npm(args)
  if (code === 0) {
    args = ['rebuild', '--ignore-scripts=false', ...quiet, ...withProgram]
    ;({ code, output } = await npm(args))
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const clear = tty ? '\r\x1b[K' : ''
  const line = (mark, text) => `${clear}${mark} ${text.padEnd(64)} ${seconds.padStart(6)} s`
  if (code !== 0) {
    console.log(line('✘', 'Packages'))
    fail(`npm ${args.join(' ')} failed (${code}):\n${output.trim()}`)
  }
  mkdirSync(installed, { recursive: true })
  writeFileSync(join(installed, '.sluice-lock'), lock)
  console.log(line('✔', 'Packages of package-lock.json installed'))
}

async function npm(args) {
  const child = spawn('npm', args, {
    cwd: root,
    env: { ...process.env, PATH: pathWithoutBin(), NODE_ENV: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text
    })
  }
  const code = await new Promise((done) => {
    child.on('error', (error) => done(error.message)).on('close', done)
  })
  return { code, output }
}

/** The package `node` gets its program by an install script, which npm may have been told to skip. */
function checkNode() {
  const { stdout, error } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  const [major = 0, minor = 0] = (stdout?.match(/\d+/g) ?? []).map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return
  fail(
    `${node} does not run (${error?.message ?? (stdout?.trim() || 'no version')}). ` +
      'The packages node, deno and bun get their programs by an install script, which npm skipped.\n' +
      `Run this, then try again: npm rebuild --ignore-scripts=false ${withProgram.join(' ')}`,
  )
}

function runScript(runtime, script, rest) {
  const child = spawn(runtime, [script, ...rest], {
    env: { ...process.env, PATH: [bin, pathWithoutBin()].join(delimiter) },
    // The channel carries nothing: it closes if we are killed, so that the script can end as well.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // In a group of its own the terminal's Ctrl-C does not reach it too: it gets what we hand on.
    detached: true,
  })
  const lastMs = {}
  const handOn = (signal) => {
    const nowMs = performance.now()
    if (nowMs - (lastMs[signal] ?? -sameSignalMs) >= sameSignalMs) child.kill(signal)
    lastMs[signal] = nowMs
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => handOn(signal))
  // A killed npm tells its script nothing, and an orphan would keep the ports.
  if (process.env.npm_lifecycle_event) onOrphaned(() => handOn('SIGTERM'))
  child.on('error', (error) => fail(`${runtime}: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function onOrphaned(act) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    act()
  }, orphanCheckMs)
}

function pathWithoutBin() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.filter((folder) => resolve(folder) !== bin).join(delimiter)
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
