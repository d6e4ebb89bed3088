// One ordinary Yjs app in a process: the stock WebsocketProvider, driven by JSON lines on stdin, answering on stdout.
//   {"do":"connect"|"disconnect"|"edit"|"undo"|"presence"|"report"|"quit", …} -> {"ok":true, …}
import readline from 'node:readline'
import WebSocket from 'ws'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, room, seed, params, dialect] = process.argv.slice(2)
const doc = new Y.Doc()
const text = doc.getText('source')
const marks = doc.getMap('marks')
const list = doc.getArray('list')
const heard = []
const denied = []

const yWebsocket = () => new WebsocketProvider(url, room, doc, {
  WebSocketPolyfill: WebSocket,
  disableBc: true,
  connect: false,
  maxBackoffTime: 200,
  params: JSON.parse(params ?? '{}')
})

// `more` further documents share the socket; what happens to them is in `others`.
const others = []
// A provider that gives up a connection while it opens has taken its listeners away: as in a browser, nobody minds.
class Patient extends WebSocket {
  constructor (...given) {
    super(...given)
    this.on('error', () => {})
  }
}
const hocuspocus = () => {
  const { token = '', more = [], sessionAwareness = false } = JSON.parse(params ?? '{}')
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: Patient, autoConnect: false, delay: 100, minDelay: 100, maxDelay: 300 })
  const make = (name, document) => {
    const made = new HocuspocusProvider({
      websocketProvider, name, document, token, sessionAwareness,
      onStateless: ({ payload }) => heard.push(payload),
      onAuthenticationFailed: ({ reason }) => denied.push(reason)
    })
    made.attach()
    return made
  }
  const own = make(room, doc)
  for (const name of more) others.push(make(name, new Y.Doc()))
  return Object.assign(own, { connect: () => websocketProvider.connect(), disconnect: () => websocketProvider.disconnect() })
}
const provider = dialect === 'hocuspocus' ? hocuspocus() : yWebsocket()
const undo = new Y.UndoManager(text, { captureTimeout: 0 })

let state = Number(seed) >>> 0
const random = (below) => { // mulberry32, so that a run is repeated by its seed
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
}
const words = ['alpha ', 'βeta ', '文字', '😀', 'x', '\n', 'long words in a row ']

// Editors move by characters; careless bindings count UTF-16 units and tear surrogate pairs (`tear`).
const place = (at, tear) => {
  const before = text.toString().charCodeAt(at - 1)
  return !tear && before >= 0xd800 && before <= 0xdbff ? at - 1 : at
}
const edit = (count, tear) => {
  for (let i = 0; i < count; i++) {
    const choice = random(10)
    if (choice < 6) text.insert(place(random(text.length + 1), tear), words[random(words.length)])
    else if (choice < 8 && text.length > 4) {
      const at = random(text.length - 3)
      const start = place(at, tear)
      text.delete(start, place(at + 1 + random(3), tear) - start)
    }
    else if (choice < 9) marks.set(`k${random(5)}`, random(1000))
    else list.insert(random(list.length + 1), [random(1000)])
  }
}

const report = () => ({
  text: text.toString(),
  marks: Object.fromEntries([...marks.entries()].sort()),
  list: list.toArray(),
  vector: Object.fromEntries([...Y.decodeStateVector(Y.encodeStateVector(doc))].filter(([, clock]) => clock > 0).sort((a, b) => a[0] - b[0])),
  deletes: [...Y.snapshot(doc).ds.clients].map(([client, ranges]) => [client, ranges.map((r) => [r.clock, r.len])]).sort((a, b) => a[0] - b[0]),
  peers: [...provider.awareness.getStates().values()].map((s) => s.user?.name ?? null).sort(),
  synced: provider.synced,
  unsynced: provider.unsyncedChanges ?? 0,
  scope: provider.authorizedScope ?? null,
  heard,
  denied,
  others: others.map((other) => ({ text: other.document.getText('source').toString(), unsynced: other.unsyncedChanges }))
})

const commands = {
  connect: () => provider.connect(),
  disconnect: () => provider.disconnect(),
  edit: ({ count, tear }) => edit(count, tear ?? false),
  insert: ({ at, text: content }) => text.insert(Math.min(at, text.length), content),
  undo: () => undo.undo(),
  say: ({ words }) => provider.sendStateless(words),
  insert_other: ({ which, text: content }) => others[which].document.getText('source').insert(0, content),
  leave_other: ({ which }) => others[which].destroy(),
  presence: ({ name }) => provider.awareness.setLocalStateField('user', { name }),
  report
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  if (command.do === 'quit') break
  const result = commands[command.do](command)
  process.stdout.write(`${JSON.stringify({ ok: true, ...result })}\n`)
}
provider.destroy()
process.exit(0)
