// Render pages by liquidjs: one object {template, input} per line in, one page per line out, as JSON text.
// Usage: node pages.mjs <file>, in the folder of node_modules.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(process.cwd() + '/'))
const { Liquid } = require('liquidjs')

const escape = (value) => String(value ?? '')
  .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  .replace(/"/g, '&#34;').replace(/'/g, '&#39;')

// Ground Truth escapes what is printed, once: liquidjs does not escape again what a raw filter returns.
const liquid = new Liquid({ outputEscape: escape })
liquid.registerFilter('escape', { handler: escape, raw: true })
const escapeOnce = liquid.filters.escape_once
liquid.registerFilter('escape_once', { handler: escapeOnce, raw: true })
liquid.registerFilter('skip_autoescape', { handler: (value) => value, raw: true })
liquid.registerFilter('grant_read_access', (uri) => `https://signed/${uri}`)
liquid.registerFilter('to_json', (value) => JSON.stringify(value))

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const { template, input } = JSON.parse(line)
  const page = liquid.parseAndRenderSync(template, { task: { input } })
  process.stdout.write(JSON.stringify(page) + '\n')
}
