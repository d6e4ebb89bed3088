import { chromium } from "playwright-core";
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update","--disable-sync","--no-first-run"] });
const shots = [
  ["light", { viewport: { width: 1200, height: 760 } }, "http://127.0.0.1:8771/"],
  ["dark", { viewport: { width: 1200, height: 760 }, colorScheme: "dark" }, "http://127.0.0.1:8771/"],
  ["phone", { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, "http://127.0.0.1:8771/"],
  ["empty", { viewport: { width: 1000, height: 640 } }, "http://127.0.0.1:8771/?path=empty"],
  ["file", { viewport: { width: 1000, height: 640 } }, "http://127.0.0.1:8771/?file=archive.zip"],
  ["many", { viewport: { width: 1200, height: 760 } }, "http://127.0.0.1:8772/"],
];
const only = process.argv[2];
for (const [name, options, url] of shots) {
  if (only && only !== name) continue;
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (m) => console.log(name, m.type(), m.text()));
  page.on("pageerror", (e) => console.log(name, "ERROR", e.message));
  await page.goto(url);
  await page.waitForTimeout(700);
  await page.screenshot({ path: `/tmp/shot-${name}.png` });
  await context.close();
}
await browser.close();
