import { expect, test } from 'vitest'
import { printSteps } from '../../setup/steps.ts'

test('a log gets one line per step, with its last title and its time', async () => {
  const { text, steps } = recorded(false)
  await steps.step('MySQL', async (say) => say('MySQL 9.7.4 unpacked'))
  steps.note('something to know')
  expect(text()).toMatch(/^✔ MySQL 9\.7\.4 unpacked {2,}0\.0 s\n {2}something to know\n$/)
})

test('a failed step is marked, and its error goes on', async () => {
  const { text, steps } = recorded(false)
  const failing = steps.step('Kafka', async () => {
    throw new Error('no java')
  })
  await expect(failing).rejects.toThrow('no java')
  expect(text()).toMatch(/^✘ Kafka {2,}0\.0 s\n$/)
})

test('a terminal shows what is under way, and takes it back', async () => {
  const { text, steps } = recorded(true)
  await Promise.all([steps.step('MySQL', async () => {}), steps.step('Kafka', async () => {})])
  expect(text()).toContain('… MySQL, Kafka')
  const left = text()
    .split('\n')
    .map((line) => line.split('\r\x1b[K').at(-1))
  expect(left).toEqual([expect.stringMatching(/^✔ MySQL /), expect.stringMatching(/^✔ Kafka /), ''])
})

function recorded(isTTY: boolean) {
  const written: string[] = []
  const steps = printSteps({ isTTY, columns: 80, write: (text) => written.push(text) })
  return { steps, text: () => written.join('') }
}
