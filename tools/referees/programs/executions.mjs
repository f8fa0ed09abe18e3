// Play executions by aws-local-stepfunctions: one per line in, how each ended per line out.
// Usage: node executions.mjs <file>, in the folder of node_modules.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'

const require = createRequire(pathToFileURL(process.cwd() + '/'))
const { StateMachine } = require('aws-local-stepfunctions')

// The package needs it, and Node.js has it from version 22 on.
Promise.withResolvers ??= () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

// What differs from execution to execution.
const OF_ITS_OWN = ['state_machine_arn', 'execution_arn', 'execution_started', 'task_token', 'entered_at', 'retry_count']
// A longer time, or none, is more than a timer of Node.js holds.
const LONGEST_SECONDS = 86400

const plain = (payload) =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => !OF_ITS_OWN.includes(name)))

const named = (name, message) => Object.assign(new Error(message), { name })

const statesOf = (definition) =>
  Object.entries(definition.States).flatMap(([name, state]) => [
    [name, state],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
  ])

function handlerOf(state, calls) {
  const waits = state.Resource.endsWith('.waitForTaskToken')
  return ({ FunctionName, Payload }) => {
    const step = FunctionName.split(':').at(-1).replace(/^digits-/, '').replaceAll('-', '_')
    const found = calls.findIndex(
      (call) => call.step === step && isDeepStrictEqual(plain(call.payload), plain(Payload)),
    )
    if (found < 0) throw named('UnexpectedCall', `${step} with ${JSON.stringify(plain(Payload))}`)
    const [{ kind, reply }] = calls.splice(found, 1)
    if (kind === 'Raises') throw named(reply.error, reply.message)
    if (waits && kind === 'Returns') throw named('States.Timeout', 'no answer')
    return waits ? reply.value : { Payload: reply.value, StatusCode: 200 }
  }
}

async function play({ definition: text, input, calls }) {
  const definition = JSON.parse(text)
  const handlers = {}
  const pauses = {}
  for (const [name, state] of statesOf(definition)) {
    pauses[name] = 0
    if (state.Type !== 'Task') continue
    state.TimeoutSeconds = Math.min(state.TimeoutSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS)
    handlers[name] = handlerOf(state, calls)
  }
  const now = new Date().toISOString()
  const execution = new StateMachine(definition).run(input, {
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: pauses },
    context: {
      Execution: { Id: 'execution', Input: input, StartTime: now },
      StateMachine: { Id: 'state-machine' },
      State: { EnteredTime: now, RetryCount: 0 },
      Task: { Token: 'token' },
    },
  })
  const states = []
  const log = (async () => {
    for await (const event of execution.eventLogs) {
      if (event.type === 'StateEntered') states.push(event.state.name)
    }
  })()
  const end = await execution.result.then(
    (output) => ({ ending: 'SUCCEEDED', output }),
    ({ cause }) => ({ ending: cause.name, cause: cause.message, output: null }),
  )
  await log
  return { ...end, states, uncalled: calls.map((call) => call.step) }
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  process.stdout.write(JSON.stringify(await play(JSON.parse(line))) + '\n')
}
process.exit(0)
