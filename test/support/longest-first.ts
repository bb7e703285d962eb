import { resolve } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes more than a minute. */
const longest = [
  'test/log/kafka-contract.test.ts',
  'test/e2e/repair.test.ts',
  'test/faults/faults.test.ts',
  'test/e2e/mismatch.test.ts',
  'test/e2e/start.test.ts',
].map((file) => resolve(file))

/**
 * Where no former run's times are known, as in a clean checkout, vitest begins with the largest files.
 * The longest are small ones: they would run alone at the end.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => longest.includes(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
