import type { ExactColumn } from './exact-column.ts'
import { numberColumns } from './number-columns.ts'
import { otherColumns } from './other-columns.ts'
import { textColumns } from './text-columns.ts'
import { timeColumns } from './time-columns.ts'

/** Every column type that Drizzle has for MySQL, and those that custom types give. */
export const exactColumns: Readonly<Record<string, ExactColumn>> = {
  ...numberColumns,
  ...textColumns,
  ...timeColumns,
  ...otherColumns,
}
