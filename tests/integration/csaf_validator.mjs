// SPDX-License-Identifier: GPL-3.0-or-later
// Reads {"name", "document"} a line and runs the official tests on each: csaf_validator.mjs NODE_MODULES < documents. Then it breaks the
// first document in many ways, each of which has to be seen by the test that is for it.
import fs from 'node:fs'
import path from 'node:path'

const lib = path.join(process.argv[2], '@secvisogram', 'csaf-validator-lib')
const load = (name) => import(path.join(lib, name))
const validate = (await load('validate.js')).default
const sets = {
  schema: Object.values(await load('schemaTests.js')),
  mandatory: Object.values(await load('mandatoryTests.js')),
  recommended: Object.values(await load('optionalTests.js')),
}
const documents = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))

// An export in the profile VEX is on no site: it has no canonical URL (6.2.11).
const excused = (name, test) => test === 'optionalTest_6_2_11' && name.endsWith('/vex')

const problems = async (set, document, name) => {
  const answer = await validate(sets[set], document)
  const found = []
  for (const test of answer.tests)
    for (const e of [...(test.errors ?? []), ...(test.warnings ?? [])])
      if (!excused(name, test.name)) found.push(`${test.name}: ${e.instancePath ?? ''} ${e.message ?? ''}`)
  return { count: answer.tests.length, found, failed: new Set(found.map((f) => f.split(':')[0])).size }
}

let bad = 0
for (const { name, document } of documents) {
  const parts = []
  for (const set of Object.keys(sets)) {
    const r = await problems(set, document, name)
    parts.push(`${set} ${r.count - r.failed} of ${r.count}`)
    bad += r.failed
    for (const f of r.found.slice(0, 10)) console.log(`${name}: ${f}`)
  }
  console.log(`${name}: ${parts.join(', ')}${name.endsWith('/vex') ? ' (6.2.11 does not apply)' : ''}`)
}

const first = (d) => d.vulnerabilities[0]
const breaks = [
  ['mandatoryTest_6_1_1', (d) => first(d).product_status.known_affected.push('CSAFPID-nowhere')],
  ['mandatoryTest_6_1_2', (d) => { const v = d.product_tree.branches[0].branches[0].branches; v[1].product.product_id = v[0].product.product_id }],
  ['mandatoryTest_6_1_6', (d) => { first(d).product_status.known_not_affected = [first(d).product_status.known_affected[0]] }],
  ['mandatoryTest_6_1_7', (d) => first(d).scores.push(structuredClone(first(d).scores[0]))],
  ['mandatoryTest_6_1_9', (d) => { first(d).scores[0].cvss_v3.baseScore = 1.0 }],
  ['mandatoryTest_6_1_11', (d) => { first(d).cwe.name = 'Something else' }],
  ['mandatoryTest_6_1_16', (d) => { d.document.tracking.version = '7' }],
  ['mandatoryTest_6_1_17', (d) => { d.document.tracking.version = '0'; d.document.tracking.revision_history[0].number = '0' }],
  ['mandatoryTest_6_1_22', (d) => d.document.tracking.revision_history.push(d.document.tracking.revision_history[0])],
  ['mandatoryTest_6_1_27_5', (d) => { delete first(d).notes }],
  ['mandatoryTest_6_1_27_6', (d) => { delete first(d).product_status; delete first(d).scores; delete first(d).remediations; delete first(d).threats }],
  ['mandatoryTest_6_1_29', (d) => { delete first(d).remediations[0].product_ids }],
  ['mandatoryTest_6_1_31', (d) => { d.product_tree.branches[0].branches[0].branches[0].name = 'prior to 3.0' }],
  ['csaf_2_0', (d) => { delete d.document.title }],
  ['csaf_2_0', (d) => { d.document.distribution.tlp.label = 'CLEAR' }],
  ['csaf_2_0_strict', (d) => { d.document.notes[0].category = 'nothing' }],
  ['optionalTest_6_2_2', (d) => { delete first(d).remediations }],
  ['optionalTest_6_2_3', (d) => { delete first(d).scores }],
  ['optionalTest_6_2_16', (d) => { delete d.product_tree.branches[0].branches[0].branches[0].product.product_identification_helper }],
  ['optionalTest_6_2_11', (d) => { d.document.references = d.document.references.filter((r) => r.category !== 'self') }],
]
let seen = 0
for (const [test, damage] of breaks) {
  const d = structuredClone(documents[0].document)
  damage(d)
  const found = []
  for (const set of Object.keys(sets)) found.push(...(await problems(set, d, '')).found)
  if (found.some((f) => test === f.split(':')[0])) seen++
  else console.log(`broken: ${test} does not see ${damage}: ${found.map((f) => f.split(':')[0])}`)
}
const vex = documents.find((x) => x.name === 'statements/vex').document
const vexBreaks = [
  ['mandatoryTest_6_1_27_9', (d) => { delete first(d).flags; delete first(d).threats }],
  ['mandatoryTest_6_1_27_10', (d) => { delete first(d).remediations }],
  ['mandatoryTest_6_1_27_8', (d) => { delete first(d).cve; delete first(d).ids }],
]
for (const [test, damage] of vexBreaks) {
  const d = structuredClone(vex)
  damage(d)
  if ((await problems('mandatory', d, '')).found.some((f) => f.startsWith(test + ':'))) seen++
  else console.log(`broken: ${test} is not seen`)
}
const all = breaks.length + vexBreaks.length
console.log(`${documents.length} documents, ${bad} tests failed; ${seen} of ${all} broken ones are seen`)
process.exit(bad || seen !== all || documents.length < 30 ? 1 : 0)
