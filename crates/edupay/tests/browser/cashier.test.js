// The cashier page in a real browser: bought without a reload, once, on every device, in both languages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { COMPUTER, PHONE, Window, assertAccessible, assertFits, launch, picture, scanned } from "./browser.js";
import { CARD, Demo, SMS } from "./service.js";

const WORDS = {
  "zh-CN": { choose: "选择套餐", waiting: "等待支付", paid: "支付成功", expired: "链接已过期", next: "去支付" },
  en: {
    choose: "Choose a package", waiting: "Waiting for your payment", paid: "Payment received",
    expired: "This link has expired", next: "Continue to payment",
  },
};

let browser;
let shortLived;
before(async () => {
  browser = await launch();
  const demo = await Demo.start({ EDUPAY_CASHIER__LINK_LIFETIME_MINUTES: "1" });
  shortLived = { demo, link: await demo.link() };
});
after(async () => {
  await shortLived?.demo.stop();
  await browser?.close();
});

/** Runs a story with a demo of its own. */
function story(name, options, tell) {
  test(name, async () => {
    const demo = await Demo.start();
    try {
      const window = await Window.open(browser, demo, { locale: "zh-CN", ...options });
      await tell(window, demo);
      await window.close();
    } finally {
      await demo.stop();
    }
  });
}

const headline = (page, text) => page.locator("h1", { hasText: text }).waitFor();
const press = (page) => page.locator("form button[type=submit]").first().click();

async function choose(page, id, channel) {
  await page.locator(`input[name=package][value="${id}"]`).check();
  if (channel) await page.locator(`input[name=channel][value=${channel}]`).first().check();
}

/** Opens the sandbox's page of the charge, as the wallet's would open, and pays there. */
async function payAtTheSandbox(window, page) {
  const [wallet] = await Promise.all([
    window.context.waitForEvent("page"),
    page.locator("a[target=_blank]").click(),
  ]);
  await wallet.locator("button[value=pay]").click();
  await wallet.locator("text=已支付").first().waitFor();
  await wallet.close();
}

for (const [device, options] of Object.entries({ phone: PHONE, computer: COMPUTER })) {
  for (const colorScheme of ["light", "dark"]) {
    for (const locale of ["zh-CN", "en"]) {
      story(`a package is bought on a ${device}, ${colorScheme}, ${locale}`, { ...options, colorScheme, locale }, async (window, demo) => {
        const words = WORDS[locale];
        const page = await window.page(await demo.link());
        await headline(page, words.choose);
        assert.equal(await page.locator("html").getAttribute("lang"), locale === "en" ? "en" : "zh-hans");
        await assertAccessible(page);
        await assertFits(page);
        await page.locator("summary").first().click();
        await assertAccessible(page);
        await picture(page, `choose-${device}-${colorScheme}-${locale}`);
        await choose(page, 10000002);
        await press(page);

        await headline(page, words.waiting);
        await assertAccessible(page);
        await assertFits(page);
        await picture(page, `waiting-${device}-${colorScheme}-${locale}`);
        const link = await page.locator("a[target=_blank]").getAttribute("href");
        assert.ok(link.startsWith(`${demo.sandbox}/pay/`), link);
        if (device === "computer") assert.equal(await scanned(page), link);
        await page.evaluate(() => { globalThis.sameDocument = true; });
        await payAtTheSandbox(window, page);

        await headline(page, words.paid);
        assert.equal(await page.evaluate(() => globalThis.sameDocument), true, "the page was not loaded anew");
        await assertAccessible(page);
        await assertFits(page);
        await picture(page, `paid-${device}-${colorScheme}-${locale}`);
        const [purchase] = await demo.purchases();
        const { starts_on: starts, ends_on: ends } = purchase.records[0];
        assert.deepEqual([purchase.status, purchase.amount_fen], ["paid", 18800]);
        assert.deepEqual(await page.locator(".facts time[datetime]").allTextContents(), [starts, ends]);
      });
    }
  }
}

story("a double click, the way back and two tabs pay once", COMPUTER, async (window, demo) => {
  const link = await demo.link();
  const [first, second] = [await window.page(link), await window.page(link)];
  for (const page of [first, second]) await choose(page, 10000001, "alipay_qr");
  await first.locator("form button[type=submit]").first().dblclick();
  await Promise.all([headline(first, "等待支付"), press(second).then(() => headline(second, "等待支付"))]);
  assert.equal(new URL(first.url()).search, new URL(second.url()).search);
  await first.goBack();
  await choose(first, 10000001, "alipay_qr");
  await press(first);
  await headline(first, "等待支付");
  assert.deepEqual([(await demo.purchases()).length, (await demo.charges()).length], [1, 1]);
  await payAtTheSandbox(window, first);
  for (const page of [first, second]) await headline(page, "支付成功");
  // The form that is still in the history buys nothing more.
  await second.goBack();
  await second.reload();
  assert.equal(await second.locator('input[name=kind][value="0"]').count(), 0);
  assert.equal((await demo.charges()).filter((charge) => charge.paid).length, 1);
});

story("a second payment by another code goes back", COMPUTER, async (window, demo) => {
  const link = await demo.link();
  const pages = [];
  for (const channel of ["alipay_qr", "wx_pub_qr"]) {
    const page = await window.page(link);
    await choose(page, 10000001, channel);
    await press(page);
    await headline(page, "等待支付");
    pages.push(page);
  }
  const links = await Promise.all(pages.map((page) => page.locator("a[target=_blank]").getAttribute("href")));
  await Promise.all(links.map(async (address) => {
    await fetch(address, { method: "POST", body: new URLSearchParams({ outcome: "pay" }) });
  }));
  await headline(pages[0], "支付成功");
  const state = async () => (await demo.charges()).filter((charge) => charge.paid).length;
  // The first to be told of may have closed the other; if both were paid, one goes back.
  if ((await state()) === 2) await pages[0].locator(".note", { hasText: "重复支付" }).waitFor();
  assert.equal((await demo.purchases()).filter((purchase) => purchase.status === "paid").length, 1);
});

story("the keyboard is enough", COMPUTER, async (window, demo) => {
  const page = await window.page(await demo.link());
  const focus = () => page.evaluate(() => {
    const { name, value, type, localName } = document.activeElement;
    return localName === "input" ? `${name}=${value}` : type ?? localName;
  });
  const until = async (wanted) => {
    for (let steps = 0; steps < 30; steps += 1) {
      if (wanted.test(await focus())) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard never came to ${wanted}`);
  };
  await until(/^package=/);
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focus(), "package=10000002");
  await until(/^channel=/);
  await page.keyboard.press("ArrowDown");
  assert.equal(await focus(), "channel=wx_pub_qr");
  await until(/^submit$/);
  await page.keyboard.press("Enter");
  await headline(page, "等待支付");
  assert.match(await page.locator(".facts").innerText(), /微信支付/);
});

story("several packages are one payment", PHONE, async (window, demo) => {
  const page = await window.page(await demo.link(SMS));
  await assertAccessible(page);
  await choose(page, 10000003);
  await choose(page, 10000004);
  await press(page);
  await headline(page, "等待支付");
  assert.match(await page.locator(".amount").innerText(), /¥60\.00/);
  await payAtTheSandbox(window, page);
  await headline(page, "支付成功");
  assert.equal(await page.locator(".facts time[datetime]").count(), 4);
});

story("nothing chosen is said, and nothing is bought", COMPUTER, async (window, demo) => {
  const page = await window.page(await demo.link(SMS));
  await press(page);
  await page.locator("[role=alert]", { hasText: "请先选择套餐" }).waitFor();
  await assertAccessible(page);
  assert.deepEqual(await demo.purchases(), []);
});

story("a page goes on where no events come through", COMPUTER, async (window, demo) => {
  await window.context.route("**/events?*", (route) => route.fulfill({ status: 204 }));
  const page = await window.page(await demo.link());
  await choose(page, 10000002, "alipay_qr");
  await press(page);
  await headline(page, "等待支付");
  await payAtTheSandbox(window, page);
  await headline(page, "支付成功");
  // That events are missing is what the browser complains of here.
  window.complaints.length = 0;
});

story("it works without scripts", { ...PHONE, javaScriptEnabled: false }, async (window, demo) => {
  const page = await window.page(await demo.link(CARD));
  await choose(page, 10000002);
  await press(page);
  await headline(page, "等待支付");
  await payAtTheSandbox(window, page);
  await page.locator("a.button").first().click();
  await headline(page, "支付成功");
});

test("a page that waits for long asks again without a complaint, and an expired link says so", async () => {
  const { demo, link } = shortLived;
  const window = await Window.open(browser, demo, { ...PHONE, locale: "zh-CN" });
  const page = await window.page(await demo.link());
  await choose(page, 10000002);
  await press(page);
  await headline(page, "等待支付");
  // It also asks now and then, and a stream that has ended is opened anew.
  await page.waitForRequest(/\/status/, { timeout: 60_000 });
  await page.waitForRequest(/\/events\?/, { timeout: 60_000 });
  await page.close();

  const opens = async () => (await fetch(link)).status;
  const deadline = Date.now() + 70_000;
  while ((await opens()) === 200 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 1_000));
  const expired = await window.page(link);
  assert.equal(expired.status, 410);
  await headline(expired, "链接已过期");
  await assertAccessible(expired);
  // A browser tells of every page that is not found or gone.
  window.complaints.splice(0, window.complaints.length, ...window.complaints.filter((text) => !text.includes("410")));
  await window.close();
});
