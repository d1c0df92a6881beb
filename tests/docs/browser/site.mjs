// Drives the installed Chromium over the built site: `node site.mjs TASK` with a JSON of settings on standard input.
// Prints one JSON: what was seen, and `faults`, a list of texts that is empty where all is well.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const settings = JSON.parse(readFileSync(0, "utf-8"));
const require = createRequire(settings.modules + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const { base } = settings;
const faults = [];

// No name but the site's leads anywhere, so that what asks for another host fails and is seen.
const browser = await chromium.launch({
  executablePath: settings.chromium,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});

// A page that writes down every request to elsewhere, every failed one, and every error of a script. `at` says where it is.
const open = async (where, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(120000); // a busy machine is no fault of a page
  let place = where;
  const note = (text) => faults.push(`${place}: ${text.replace(/\s+/g, " ")}`);
  const page = await context.newPage();
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob):/.test(url)) note(`a request leaves the site: ${url}`);
  });
  page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()}`));
  page.on("pageerror", (error) => note(`script: ${error.message}`));
  page.on("response", (answer) => answer.status() >= 400 && note(`${answer.status()} ${answer.url()}`));
  return { page, context, note, at: (next) => (place = next) };
};

const setTheme = (page, theme) => page.evaluate((name) => (document.body.dataset.theme = name), theme);

// What cannot be read without moving the page sideways. On narrow screens furo hides what is wider than the root and has `.content`
// scroll, so that the root's own width says nothing: the place of every element counts, but of those in boxes that scroll by themselves.
const overflow = () => {
  const boxes = ".formula-box, pre, .table-wrapper";
  const name = (node) => node.outerHTML.slice(0, 160);
  const out = [document.documentElement, ...document.querySelectorAll(".main, .content")]
    .filter((node) => node.scrollWidth > node.clientWidth)
    .map((node) => `${node.scrollWidth} px wide in ${node.clientWidth} px: ${name(node).slice(0, 60)}`);
  const range = document.createRange();
  for (const node of document.querySelectorAll(".mobile-header *, .main *")) {
    if (node.parentElement.closest(`${boxes}, svg`) || node.closest(".toc-drawer, .katex-mathml, .skip-to-content") || !node.checkVisibility()) continue;
    const places = [node.getBoundingClientRect()];
    if (!node.matches(boxes)) {
      for (const text of node.childNodes) {
        if (text.nodeType !== 3 || !text.data.trim()) continue; // a text may stick out of its element
        range.selectNode(text);
        places.push(range.getBoundingClientRect());
      }
    }
    const far = places.find(({ left, right, width }) => width && (left < -1 || right > innerWidth + 1));
    if (far) out.push(`from ${far.left.toFixed(0)} to ${far.right.toFixed(0)} px: ${name(node)}`);
    const style = getComputedStyle(node).overflowX;
    if (node.matches(boxes) && !/auto|scroll/.test(style)) out.push(`does not scroll: ${name(node)}`);
    if (/hidden|clip/.test(style) && !node.closest(".katex") && node.scrollWidth > node.clientWidth + 1) out.push(`cut off: ${name(node)}`);
  }
  return out.slice(0, 4);
};

// Numbers that lie over their formula.
const covered = () =>
  [...document.querySelectorAll(".formula .eqno")]
    .filter((number) => number.getBoundingClientRect().left < number.parentElement.querySelector(".formula-box").getBoundingClientRect().right)
    .map((number) => number.textContent);

// Marks that stand on another line than the formula they cling to.
const torn = () =>
  [...document.querySelectorAll("article .formula-inline")].filter((formula) => {
    const behind = formula.nextSibling;
    if (behind?.nodeType !== 3 || !/^[,.;:、。，；：）]/.test(behind.data)) return false;
    const range = document.createRange();
    range.setStart(behind, 0);
    range.setEnd(behind, 1);
    const last = [...formula.querySelectorAll(".katex-base")].at(-1) ?? formula;
    return range.getBoundingClientRect().left < last.getBoundingClientRect().left;
  }).map((formula) => formula.querySelector("annotation").textContent);

// Texts whose colour is too near to what lies behind them (WCAG 1.4.3). axe leaves open what it cannot measure: signs and
// symbols, text over a shade, and what has been scrolled out of its box. Here the colours of the ancestors decide.
const faint = () => {
  const parse = (colour) => {
    const numbers = /^rgba?\(/.test(colour) ? colour.match(/[\d.]+/g).map(Number) : [NaN, NaN, NaN];
    return numbers.length === 4 ? numbers : [...numbers, 1];
  };
  const over = ([r, g, b, a], ground) => [r, g, b].map((value, k) => a * value + (1 - a) * ground[k]);
  const known = new Map([[null, { ground: [255, 255, 255], opacity: 1 }]]);
  const behind = (node) => {
    if (!known.has(node)) {
      const parent = behind(node.parentElement);
      const style = getComputedStyle(node);
      known.set(node, { ground: over(parse(style.backgroundColor), parent.ground), opacity: parent.opacity * Number(style.opacity) });
    }
    return known.get(node);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const weigh = (node, style, text) => {
    const { ground, opacity } = behind(node);
    if (!opacity) return;
    const [r, g, b, a] = parse(style.color);
    const [low, high] = [light(over([r, g, b, a * opacity], ground)), light(ground)].sort((x, y) => x - y);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (!(ratio >= wanted)) found.push(`${ratio.toFixed(2)} < ${wanted}, ${style.color} on rgb(${ground.map(Math.round)}): "${text.trim().slice(0, 40)}" in ${node.outerHTML.slice(0, 120)}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let last;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const node = text.parentElement;
    if (node === last || !text.data.trim() || node.closest(".katex-mathml")) continue; // MathML is for those who listen
    last = node;
    if (node.checkVisibility({ visibilityProperty: true })) weigh(node, getComputedStyle(node), text.data);
  }
  for (const field of document.querySelectorAll("input[placeholder]")) {
    if (field.checkVisibility({ visibilityProperty: true })) weigh(field, getComputedStyle(field, "::placeholder"), field.placeholder);
  }
  return found;
};

// What a theme decides: the colours of every element, and what is shown. The button's theme must be the reader's own.
const coloured = () =>
  [...document.querySelectorAll("body, .page *")]
    .filter((node) => !node.closest(".theme-toggle, .katex"))
    .map((node) => {
      const { color, backgroundColor, display } = getComputedStyle(node);
      return `${node.tagName} ${color} ${backgroundColor} ${display}`;
    });

const unnamed = () => [...document.images].filter((image) => !image.alt.trim()).map((image) => image.src);

// axe leaves a text open that has one letter, or a pseudo-element (which it looks for at the cost of half its time); here both are decided.
const RULES = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  resultTypes: ["violations"],
  checks: { "color-contrast": { options: { ignorePseudo: true, ignoreLength: true } } },
};

// What bars readers, by axe; every violation is noted.
const barriers = async (page, note) => {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const found = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
  for (const { id, nodes } of found.violations) {
    note(`axe ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.any[0]?.message ?? "")).join(" | ")}`);
  }
  if (!found.passes.length) note("axe has looked at nothing");
};

const tasks = {
  // Each page at each width, opened anew, in each theme; `workers` pages are looked at side by side, the longest first.
  async pages() {
    const waiting = [...settings.pages].sort((a, b) => b.size - a.size);
    const seconds = { load: 0, axe: 0, other: 0 };
    const started = performance.now();
    let looks = 0;
    const look = async ({ page, note }, path, width, theme) => {
      const begin = performance.now();
      await page.emulateMedia({ colorScheme: theme });
      if (theme === settings.themes[0]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(base + path, { waitUntil: "load" });
      }
      await page.evaluate(async () => {
        await document.fonts.ready;
        await Promise.all(document.getAnimations().map((change) => change.finished.catch(() => {}))); // of one theme into the other
      });
      if (settings.planted) await page.evaluate((html) => document.querySelector("article").insertAdjacentHTML("beforeend", html), settings.planted);
      const loaded = performance.now();
      for (const image of await page.evaluate(unnamed)) note(`no alternative: ${image}`);
      for (const wide of await page.evaluate(overflow)) note(`overflow: ${wide}`);
      for (const number of await page.evaluate(covered)) note(`${number} lies over its formula`);
      for (const tex of await page.evaluate(torn)) note(`the mark behind ${tex} begins a line`);
      for (const text of (await page.evaluate(faint)).slice(0, 5)) note(`contrast ${text}`);
      const ready = performance.now();
      await barriers(page, note);
      const looked = performance.now();
      if (width === settings.widths[0]) {
        const own = await page.evaluate(coloured);
        await setTheme(page, theme);
        const chosen = await page.evaluate(coloured);
        const other = own.findIndex((line, k) => line !== chosen[k]);
        if (other >= 0) note(`the button's theme is another: ${own[other]}, ${chosen[other]}`);
        await setTheme(page, "auto");
      }
      seconds.load += loaded - begin;
      seconds.axe += looked - ready;
      seconds.other += ready - loaded + performance.now() - looked;
      looks += 1;
    };
    const work = async () => {
      const opened = await open("");
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        for (const width of settings.widths) {
          for (const theme of settings.themes) {
            opened.at(`${next.path} (${settings.language}), ${width} px, ${theme}`);
            await look(opened, next.path, width, theme);
          }
        }
        const time = ((performance.now() - started) / 1000).toFixed(0);
        process.stderr.write(`${next.path}: seen; ${looks} looks, ${settings.pages.length - waiting.length} of ${settings.pages.length} pages begun, ${time} s\n`);
      }
      await opened.context.close();
    };
    await Promise.all(Array.from({ length: settings.workers }, work));
    const spent = Object.entries(seconds).map(([name, time]) => `${name} ${(time / 1000).toFixed(0)} s`);
    process.stderr.write(`${settings.language}: ${looks} looks by ${settings.workers} at once: ${spent.join(", ")} of their time\n`);
    return { looks };
  },

  // What is folded away on narrow screens, opened; and what only very wide ones show at once.
  async drawers() {
    const opened = { navigation: 0, toc: 0, wide: 0 };
    for (const path of settings.paths) {
      for (const theme of ["light", "dark"]) {
        const { page, context, note, at } = await open("", { colorScheme: theme, viewport: { width: 320, height: 900 } });
        const look = async (name) => {
          at(`${path}, ${theme}, ${name}`);
          await page.evaluate(() => Promise.all(document.getAnimations().map((change) => change.finished.catch(() => {}))));
          for (const text of (await page.evaluate(faint)).slice(0, 5)) note(`contrast ${text}`);
          await barriers(page, note);
        };
        at(`${path}, ${theme}`);
        await page.goto(base + path, { waitUntil: "load" });
        for (const [name, side] of [["navigation", "nav"], ["toc", "toc"]]) {
          await page.click(`.mobile-header .${side}-overlay-icon`);
          await look(name);
          opened[name] += await page.locator(name === "toc" ? ".toc-tree ul ul a" : ".sidebar-tree a").first().isVisible();
          await page.keyboard.press("Escape");
        }
        await page.click(".cite summary");
        await look("cite");
        await page.setViewportSize({ width: 1600, height: 900 });
        await look("1600 px");
        opened.wide += await page.locator(".toc-tree ul ul a").first().isVisible();
        await context.close();
      }
    }
    return { opened };
  },

  // Each question finds its page among the first three.
  async search() {
    const places = {};
    for (const [language, questions] of Object.entries(settings.questions)) {
      const { page, context } = await open(language);
      await page.goto(`${base}/${language}/search.html`, { waitUntil: "load" });
      for (const [question, wanted] of questions) {
        await page.fill("#search-input", "");
        await page.waitForFunction(() => document.getElementById("search-status").textContent === "");
        await page.fill("#search-input", question);
        await page.waitForFunction(() => document.querySelector("#search-list li, #search-status a"));
        const links = await page.$$eval("#search-list > li > a", (found) => found.map((link) => new URL(link.href).pathname));
        places[question] = links.slice(0, 3).map((link) => link.replace(`/${language}/`, "").replace(/\.html$/, ""));
        const shown = await page.textContent("#search-list");
        if (shown.includes("¶")) faults.push(`${question}: the sign of a heading's link is shown`);
        if (!places[question].includes(wanted)) faults.push(`${question}: wanted ${wanted}, found ${links.slice(0, 5).join(" ")}`);
      }
      await context.close();
    }
    return { places };
  },

  // What buttons and keys say, they do.
  async deeds() {
    const done = {};
    for (const language of ["en", "zh"]) {
      const other = language === "en" ? "zh" : "en";
      const start = `${base}/${language}/guide/words.html`;
      const { page, context } = await open(`deeds ${language}`, { permissions: ["clipboard-read", "clipboard-write"] });
      const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
      await page.goto(start, { waitUntil: "load" });

      await page.dblclick("#equation-pmi .katex-html");
      await page.waitForFunction(() => document.querySelector(".spoken").textContent);
      const double = await clipboard();
      await page.focus("#equation-pmi .formula-box, #equation-loss .formula-box");
      await page.click(".highlight .copy", { force: true });
      await page.waitForTimeout(50);
      const code = await clipboard();
      await page.click('[data-do="share"]');
      await page.waitForTimeout(50);
      const share = await clipboard();
      await page.click(".cite summary");
      await page.click('[data-do="copy-bibtex"]');
      await page.waitForTimeout(50);
      const cite = await clipboard();

      await page.click("article a.reference[href='#equation-pmi']");
      const anchor = new URL(page.url()).hash;
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(start, { waitUntil: "load" });
      const box = page.locator(".formula-box[tabindex]").first();
      await box.focus();
      await page.keyboard.press("ArrowRight");
      await page.waitForTimeout(400);
      const scrolled = await box.evaluate((node) => node.scrollLeft);
      await page.keyboard.press("Control+c");
      await page.waitForTimeout(50);
      const keyed = await clipboard();
      const keyedWanted = await box.evaluate((node) => node.querySelector("annotation").textContent);
      const focused = [];
      for (const key of ["Control+k", "/"]) {
        await page.evaluate(() => document.activeElement.blur());
        await page.keyboard.press(key);
        await page.waitForTimeout(400);
        focused.push(await page.evaluate(() => document.activeElement.className));
        if (key !== "/") await page.keyboard.press("Escape");
      }
      await page.keyboard.type("gold");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/search.html?q=gold");
      await page.waitForSelector("#search-list li");

      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(`${start}#equation-pmi`, { waitUntil: "load" });
      const themes = [];
      for (let k = 0; k < 3; k++) {
        const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        themes.push([await page.evaluate(() => document.body.dataset.theme), paper]);
        await page.locator(".content-icon-container .theme-toggle").click();
      }
      await page.click(".language-link");
      await page.waitForURL(`**/${other}/guide/words.html*`);
      done[language] = { double, code, share, cite, anchor, scrolled, keyed, keyedWanted, focused, themes, switched: new URL(page.url()).pathname };
      await context.close();

      // The Tab key reaches the search of the navigation on a wide screen, and the link past it comes first.
      const again = await open(`keys ${language}`);
      await again.page.goto(start, { waitUntil: "load" });
      const way = [];
      for (let k = 0; k < 15; k++) {
        await again.page.keyboard.press("Tab");
        way.push(await again.page.evaluate(() => document.activeElement.className));
      }
      done[language].way = way;
      await again.context.close();

      // Without JavaScript: the text, the formulas, and the way to the archive are there.
      const still = await open(`no script ${language}`, { javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
      await still.page.goto(start, { waitUntil: "load" });
      done[language].still = {
        formulas: await still.page.locator(".formula-box .katex-html").count(),
        focusable: await still.page.locator(".formula-box[tabindex='0']").count(),
        shown: await still.page.locator("#equation-pmi .katex-html").isVisible(),
        math: await still.page.locator(".formula-box math").count(),
      };
      await still.context.close();
    }
    return done;
  },

  // Bytes over the line for the first page, as a browser asks for them.
  async weight() {
    const weights = {};
    for (const path of settings.paths) {
      const { page, context } = await open(path);
      let bytes = 0;
      const sizes = [];
      page.on("response", (answer) => sizes.push(answer.body().then((body) => (bytes += body.length)).catch(() => 0)));
      await page.goto(base + path, { waitUntil: "networkidle" });
      await Promise.all(sizes);
      weights[path] = bytes;
      await context.close();
    }
    return { weights };
  },

  // What is left on paper: nothing of the navigation, and links with their addresses.
  async print() {
    const left = {};
    for (const path of settings.paths) {
      const { page, context } = await open(path);
      await page.goto(base + path, { waitUntil: "load" });
      await page.emulateMedia({ media: "print" });
      left[path] = await page.evaluate(() => {
        const seen = (selector) => [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility?.() && node.getClientRects().length).length;
        const outside = document.querySelector("article a.external[href^='http']");
        return {
          navigation: seen("nav, .sidebar-drawer, .toc-drawer, .mobile-header, button, form, .related-pages, .headerlink"),
          article: seen("article h1"),
          address: outside ? getComputedStyle(outside, "::after").content : null,
          formula: getComputedStyle(document.querySelector(".formula") ?? document.body).breakInside,
          code: getComputedStyle(document.querySelector("pre") ?? document.body).breakInside,
          moving: [...document.querySelectorAll("html, html :has(article), article, article *")]
            .filter((node) => /auto|scroll/.test(getComputedStyle(node).overflow) && node.getClientRects().length)
            .map((node) => `${node.tagName} ${node.className}`),
        };
      });
      if (settings.pdf) await page.pdf({ path: `${settings.pdf}/${path.replace(/\W+/g, "-").slice(1)}.pdf`, preferCSSPageSize: true });
      await context.close();
    }
    return { left };
  },

  // Pictures of pages, to be looked at.
  async shots() {
    for (const { path, width, theme, full } of settings.shots) {
      const { page, context } = await open(path, { viewport: { width, height: width < 500 ? 800 : 1000 } });
      await page.goto(base + path, { waitUntil: "load" });
      await setTheme(page, theme);
      await page.evaluate(() => Promise.all([...document.images].map((image) => ((image.loading = "eager"), image.decode().catch(() => 0)))));
      await page.screenshot({ path: `${settings.to}/${path.replace(/\W+/g, "-").slice(1)}-${width}-${theme}.png`, fullPage: Boolean(full) });
      await context.close();
    }
    return {};
  },
};

try {
  const seen = await tasks[process.argv[2]]();
  process.stdout.write(JSON.stringify({ faults, ...seen }));
} finally {
  await browser.close();
}
