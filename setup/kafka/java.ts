import { onPath, run } from '../command.ts'
import type { Steps } from '../steps.ts'
import { installPackages } from '../system-packages.ts'

/** Kafka 4's brokers run on this version and newer ones. */
const oldestJava = 17
const versionLimitMs = 20_000

export interface ToolSearch {
  searchPath: string | undefined
  /** Whether Debian packages may be installed. */
  systemPackages: boolean
  steps: Steps
}

/** The java command, installed first where that is needed and allowed. */
export function findJava(search: ToolSearch): Promise<string> {
  return findTool(search, {
    look: async () => {
      const java = onPath('java', search.searchPath)
      if (java === undefined) throw new Error('There is no java on the PATH')
      // `--version` prints to standard output, and fails where macOS has a stand-in for Java.
      const said = await run(java, ['--version'], { limitMs: versionLimitMs })
      const major = Number(/\d+/.exec(said)?.[0])
      if (!(major >= oldestJava)) throw new Error(`${java} is Java ${major}`)
      return java
    },
    needed: `Java ${oldestJava} or newer, for Kafka`,
    debianPackage: 'default-jre-headless',
  })
}

export function findMaven(search: ToolSearch): Promise<string> {
  return findTool(search, {
    look: async () => {
      const mvn = onPath('mvn', search.searchPath)
      if (mvn === undefined) throw new Error('There is no mvn on the PATH')
      return mvn
    },
    needed: "Maven, to get Kafka's jars",
    debianPackage: 'maven',
  })
}

interface Tool {
  look: () => Promise<string>
  needed: string
  debianPackage: string
}

async function findTool(search: ToolSearch, { look, needed, debianPackage }: Tool) {
  try {
    return await look()
  } catch (error) {
    const refusal = await installPackages([debianPackage], search.systemPackages, search.steps)
    if (refusal === undefined) return look()
    throw new Error(
      `${(error as Error).message}. Needed is ${needed}. It was not installed, since ${refusal}. ` +
        `Install it (Debian and Ubuntu: apt-get install ${debianPackage}), ` +
        'or set SLUICE_KAFKA_BROKERS to brokers that run already.',
    )
  }
}
