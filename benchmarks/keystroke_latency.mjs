// First keystroke visible in the other browser: median and p99 of 200 keystrokes.
//   collab serve FOLDER --port 8000   (with notes.md in it)
//   node benchmarks/keystroke_latency.mjs http://127.0.0.1:8000/edit/notes.md [200]
// Two pages of one Chromium, two browser contexts. From the keydown event in the one to the first
// animation frame of the other that has the text. Both clocks are performance.timeOrigin + now() of one machine.
import { createRequire } from 'node:module'
const { chromium } = createRequire(new URL('../static/package.json', import.meta.url))('playwright-core')

const [url, samples = '200'] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
})
const open = async (name) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.addInitScript((person) => localStorage.setItem('collab.name', person), name)
  await page.goto(url)
  await page.waitForSelector('.cm-content[contenteditable=true]')
  return page
}
const [writer, reader] = [await open('Ada'), await open('Ben')]
await writer.evaluate(() => {
  document.addEventListener('keydown', () => { window.pressedAt = performance.timeOrigin + performance.now() }, true)
})
await reader.bringToFront()

const times = []
await writer.click('.cm-content')
await writer.keyboard.press('Control+End')
await writer.keyboard.press('Enter')
for (let i = 0; i < Number(samples); i++) {
  const seen = reader.evaluate((count) => new Promise((resolve) => {
    const content = document.querySelector('.cm-content')
    const look = () => {
      if (content.textContent.split('~').length - 1 < count) return
      observer.disconnect()
      requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()))
    }
    const observer = new MutationObserver(look)
    observer.observe(content, { subtree: true, childList: true, characterData: true })
    look()
  }), i + 1)
  await writer.keyboard.press('~')
  times.push(await seen - await writer.evaluate(() => window.pressedAt))
  if (i % 20 === 19) await writer.keyboard.press('Enter')
  await new Promise((resolve) => setTimeout(resolve, 30 + (i * 37) % 120))
}
times.sort((a, b) => a - b)
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1)
console.log(JSON.stringify({ samples: times.length, median_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) }))
await browser.close()
