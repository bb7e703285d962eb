import { logContract, runtimes } from './log-contract.ts'

for (const runtime of runtimes) logContract(runtime, 'embedded', () => '')
