// Decide requests by @cloud-copilot/iam-simulate: one simulation per line in, one result per line out.
// Usage: node policies.mjs <file>, in the folder of node_modules.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(process.cwd() + '/'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const outcome = await runSimulation(JSON.parse(line), {})
  const result = outcome.resultType === 'error' ? { error: outcome.errors } : { decision: outcome.overallResult }
  process.stdout.write(JSON.stringify(result) + '\n')
}
