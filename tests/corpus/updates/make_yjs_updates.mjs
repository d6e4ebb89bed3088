// Makes yjs_pending.json with the real Yjs: node make_yjs_updates.mjs > yjs_pending.json (yjs 13 in NODE_PATH's place)
import * as Y from 'yjs'

const hex = (update) => Buffer.from(update).toString('hex')

const author = new Y.Doc()
author.clientID = 1001
const updates = []
author.on('update', (update) => updates.push(update))
const text = author.getText('source')
text.insert(0, 'one ')
text.insert(4, 'two ')
text.insert(8, 'three 😀 ')
text.delete(0, 2)
author.getMap('state').set('k', [1, { a: null }])

const second = new Y.Doc()
second.clientID = 2002
Y.applyUpdate(second, Y.encodeStateAsUpdate(author))
const secondUpdates = []
second.on('update', (update) => secondUpdates.push(update))
second.getText('source').insert(3, 'between ')
second.getText('source').format(0, 5, { bold: true })

// A client that missed author's second update: everything behind it waits in pendingStructs.
const gappy = new Y.Doc()
gappy.clientID = 3003
const received = [updates[0], ...updates.slice(2), ...secondUpdates]
received.forEach((update) => Y.applyUpdate(gappy, update))
gappy.getText('source').insert(0, 'mine ')

const whole = new Y.Doc()
;[...updates, ...secondUpdates, Y.encodeStateAsUpdate(gappy)].forEach((update) => Y.applyUpdate(whole, update))

console.log(
  JSON.stringify(
    {
      yjs: process.env.YJS_VERSION,
      updates: [...updates, ...secondUpdates].map(hex),
      merged_with_gap: hex(Y.mergeUpdates([updates[0], updates[2]])),
      step2_of_client_with_pending: hex(Y.encodeStateAsUpdate(gappy)),
      whole: hex(Y.encodeStateAsUpdate(whole)),
      text: whole.getText('source').toString()
    },
    null,
    2
  )
)
