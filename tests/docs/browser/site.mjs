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
  let place = where;
  const note = (text) => faults.push(`${place}: ${text}`);
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

// What is wider than the window, and which element sticks out.
const overflow = () => {
  const root = document.documentElement;
  if (root.scrollWidth <= innerWidth) return "";
  const out = [...document.querySelectorAll("main *, .mobile-header *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1);
  const clipped = (node) => node.closest(".formula-box, pre, .table-wrapper") && !node.matches(".formula-box, pre, .table-wrapper");
  const first = out.find((node) => !clipped(node));
  return `${root.scrollWidth} px wide; ${first ? first.outerHTML.slice(0, 160) : "?"}`;
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
    const last = [...formula.querySelectorAll(".base")].at(-1) ?? formula;
    return range.getBoundingClientRect().left < last.getBoundingClientRect().left;
  }).map((formula) => formula.querySelector("annotation").textContent);

const unnamed = () => [...document.images].filter((image) => !image.alt.trim()).map((image) => image.src);

const tasks = {
  // Each page: no overflow at any width and theme; axe in the given configurations; alternatives of images. A page is loaded
  // once; `workers` of them are looked at side by side, the longest first.
  async pages() {
    let runs = 0;
    const waiting = [...settings.pages].sort((a, b) => b.size - a.size);
    const look = async ({ page, note }, { path, axes }) => {
      await page.goto(base + path, { waitUntil: "load" });
      for (const image of await page.evaluate(unnamed)) note(`no alternative: ${image}`);
      for (const width of settings.widths) {
        await page.setViewportSize({ width, height: 900 });
        for (const theme of settings.themes) {
          const looked = axes.some(([w, t]) => w === width && t === theme);
          if (settings.quick && theme === "dark" && !looked) continue; // colours change no width
          await setTheme(page, theme);
          const wide = await page.evaluate(overflow);
          if (wide) note(`${width} px, ${theme}: ${wide}`);
          for (const number of theme === "light" ? await page.evaluate(covered) : []) note(`${width} px: ${number} lies over its formula`);
          for (const tex of theme === "light" ? await page.evaluate(torn) : []) note(`${width} px: the mark behind ${tex} begins a line`);
          if (!looked) continue;
          runs += 1;
          await page.evaluate(() => dispatchEvent(new Event("resize")));
          if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
          const found = await page.evaluate(() =>
            window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }),
          );
          for (const { id, nodes } of found.violations) {
            note(`${width} px, ${theme}: axe ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.any[0]?.message ?? "")).join(" | ")}`);
          }
        }
      }
    };
    const work = async () => {
      const opened = await open("");
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        opened.at(next.path);
        await look(opened, next);
      }
      await opened.context.close();
    };
    await Promise.all(Array.from({ length: settings.workers ?? 1 }, work));
    return { runs };
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
        await page.waitForFunction(() => document.querySelector("#search-list li, #search-status a"), null, { timeout: 15000 });
        const links = await page.$$eval("#search-list > li > a", (found) => found.map((link) => new URL(link.href).pathname));
        places[question] = links.slice(0, 3).map((link) => link.replace(`/${language}/`, "").replace(/\.html$/, ""));
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
