import { existsSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { buildOnce } from '../build-once.ts'
import { run } from '../command.ts'
import { findMaven, type ToolSearch } from './java.ts'

export const kafkaVersion = '4.3.1'
const slf4jVersion = '1.7.36'
const downloadLimitMs = 300_000

/** Kafka's jars from Maven Central, or from where the user's Maven settings say instead. */
export async function kafkaJars(cache: string, tools: ToolSearch) {
  const folder = resolve(cache, `libs-${kafkaVersion}`)
  if (existsSync(folder)) return folder
  const mvn = await findMaven(tools)
  const title = `Kafka ${kafkaVersion} downloaded into ${relative('.', cache)}`
  await tools.steps.step(title, () =>
    buildOnce(folder, (partial, scratch) => download(mvn, partial, scratch)),
  )
  return folder
}

async function download(mvn: string, folder: string, scratch: string) {
  const project = join(scratch, 'pom.xml')
  writeFileSync(project, pom)
  await run(
    mvn,
    [
      ...['--quiet', '--batch-mode', '--file', project],
      // Maven's own store would else be in the home folder, which is not ours.
      `-Dmaven.repo.local=${join(scratch, 'repository')}`,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
    ],
    { limitMs: downloadLimitMs },
  )
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>${slf4jVersion}</version>
    </dependency>
  </dependencies>
</project>
`
