// The system's Chromium, watched: what it asks for, what it complains of, what axe finds.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { join } from "node:path";
import jsQR from "jsqr";
import { chromium } from "playwright-core";
import { PNG } from "pngjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = process.env.EDUPAY_PICTURES;
/** A picture that puts no style of its own into the page: the page's policy would complain of it. */
const QUIETLY = { caret: "initial", animations: "allow" };

export const PHONE = {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  isMobile: true,
  userAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
};
export const COMPUTER = { viewport: { width: 1280, height: 800 } };

export function launch() {
  return chromium.launch({
    executablePath: process.env.EDUPAY_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      // Whatever is not this machine can not even be looked up.
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });
}

/** A window that remembers every request and every complaint. */
export class Window {
  constructor(context, demo) {
    this.context = context;
    this.demo = demo;
    this.foreign = [];
    this.complaints = [];
    context.setDefaultTimeout(15_000);
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && ![demo.service, demo.sandbox].includes(origin)) this.foreign.push(request.url());
    });
    context.on("console", (message) => {
      // The sandbox's own pages are not what is looked at here.
      const ours = message.page()?.url().startsWith(demo.service);
      if (ours && ["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
  }

  static async open(browser, demo, options) {
    return new Window(await browser.newContext(options), demo);
  }

  async page(address) {
    const page = await this.context.newPage();
    const reply = await page.goto(address);
    return Object.assign(page, { status: reply.status() });
  }

  /** Closes the window: nothing was asked of others, and nothing was complained of. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.foreign, []);
    assert.deepEqual(this.complaints, []);
  }
}

/** What axe finds wrong. */
export async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, []);
}

/** Nothing is wider than the window, and everything to be touched is large enough. */
export async function assertFits(page) {
  const { wide, small } = await page.evaluate(() => {
    const root = document.documentElement;
    const targets = [...document.querySelectorAll("a, button, summary, .option > label, .channel")];
    const isSmall = (element) => {
      const box = element.getBoundingClientRect();
      return box.height > 0 && box.height < 43.5;
    };
    const inText = (element) => element.closest("p.quiet") !== null;
    return {
      wide: root.scrollWidth > root.clientWidth,
      small: targets.filter((element) => isSmall(element) && !inText(element)).map((element) => element.outerHTML),
    };
  });
  assert.equal(wide, false, "the page is wider than the window");
  assert.deepEqual(small, []);
}

/** What the code on the page says, as a phone reads it. */
export async function scanned(page) {
  const picture = PNG.sync.read(await page.locator(".code svg").screenshot(QUIETLY));
  const code = jsQR(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  assert.ok(code, "the code can not be read");
  return code.data;
}

/** Keeps a picture, when somebody wants them. */
export async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, ...QUIETLY });
}
