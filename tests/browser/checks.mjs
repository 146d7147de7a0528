/* SPDX-License-Identifier: MIT */
/* What a report must do in a browser.  Each check is { name, look, spoil, opened }, and every where it is made of
 * every claim of the suite, too.  look(page, facts) resolves to a list of complaints, which is empty when all is well;
 * spoil = [text, other text] changes a report so that look() must complain; opened says where the page must have just
 * been opened, which takes the longest of all: other checks take a page as the last one has left it. */
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [1280, 800, 390, 320];
const LARGEST = 10e6; // bytes of the page

const differs = (what, is, wanted) => (is === wanted ? [] : [`${what}: ${JSON.stringify(is)}, wanted ${JSON.stringify(wanted)}`]);

/* Returns the complaints of the first one in a list that has any. */
async function gather(list, look) {
	for (const one of list) {
		const complaints = await look(one);
		if (complaints.length) return complaints;
	}
	return [];
}

/* ---- requests to the network, and messages on the console -------------------- */

async function quiet(page, { heard, url }) {
	await page.emulateMedia({ media: "print" });
	await page.emulateMedia({ media: "screen" });
	for (const button of await page.locator(".film button:enabled").all()) await button.click();
	await page.waitForLoadState("load");
	return heard.filter((line) => line !== `request: ${url}`);
}

/* ---- the film ---------------------------------------------------------------- */

const shown = (film) => film.evaluate((element) => {
	const frames = [...element.querySelectorAll(":scope > ol > li")];
	const visible = frames.filter((frame) => frame.checkVisibility());
	return {
		last: frames.length - 1,
		at: visible.length === 1 ? frames.indexOf(visible[0]) : `${visible.length} stages at once`,
		stage: visible[0].querySelector(".stage").textContent,
		line: visible[0].querySelector(".here")?.textContent,
		lines: new Set(frames.map((frame) => frame.querySelector(".here")?.textContent)).size,
		told: visible[0].dataset.told,
		said: element.querySelector("input").getAttribute("aria-valuetext"),
		slider: Number(element.querySelector("input").value),
	};
});

async function filmMoves(film, name) {
	const complaints = [], slider = film.getByRole("slider"), lines = new Set(), stages = new Set();
	const stands = async (after, wanted) => {
		const now = await shown(film);
		lines.add(now.line);
		stages.add(now.stage);
		complaints.push(...differs(`${name} after ${after}: stage`, now.at, wanted), ...differs(`${name} after ${after}: slider`, now.slider, wanted),
			...differs(`${name} after ${after}: what the slider says`, now.said, now.told));
	};
	const { last } = await shown(film);
	await stands("opening", 0);
	await slider.focus();
	for (const [key, wanted] of [["ArrowRight", 1], ["ArrowRight", 2], ["ArrowLeft", 1], ["End", last], ["ArrowRight", last], ["Home", 0], ["ArrowLeft", 0]]) {
		await slider.press(key);
		await stands(key, wanted);
	}
	for (let at = 1; at <= last; at++) {
		await film.getByRole("button", { name: "One stage on" }).click();
		await stands("the button", at);
	}
	const box = await slider.boundingBox();
	await slider.click({ position: { x: 2, y: box.height / 2 } });
	await stands("a click on the slider's start", 0);
	if (stages.size !== last + 1) complaints.push(`${name} names ${stages.size} stages, wanted ${last + 1}`);
	if (lines.size < Math.min(2, (await shown(film)).lines)) complaints.push(`${name} never moves its source line`);
	return complaints;
}

async function films(page) {
	const all = await page.locator(".film").all();
	if (!all.length) return ["there is no film to move"];
	return gather(all, async (film) => filmMoves(film, await film.getAttribute("aria-label")));
}

/* On a phone, a film is as wide as the page and nothing of it scrolls sideways. */
async function filmsFitPhones(page) {
	await page.setViewportSize({ width: 390, height: 844 });
	return gather(await page.locator(".film").all(), async (film) => {
		const { wide, picture, type } = await film.evaluate((element) => ({
			wide: [element, ...element.querySelectorAll(".now *:not(svg *)")].filter((one) => !one.matches("pre, pre *") && one.scrollWidth > one.clientWidth + 1 && one.clientWidth).length,
			picture: element.querySelector(".now svg").getBoundingClientRect().width / element.clientWidth,
			type: Math.min(...[...element.querySelectorAll(".now svg text")].filter((text) => text.checkVisibility()).map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)),
		}));
		return [...differs("parts of a film that are wider than their place", wide, 0), ...differs("the picture fills its film", picture > 0.85 && picture <= 1, true),
			...differs("type of 11 px or more", type >= 11, true)];
	});
}

/* A film plays and pauses; its index leads to a stage; blocks slide, and tell their size and the line that allocated them. */
async function filmsPlay(page) {
	const film = page.locator(".film[id*=the_four_block_story]").first(), slider = film.getByRole("slider"), at = async () => Number(await slider.inputValue());
	const { last } = await shown(film), complaints = [];
	await slider.press("Home");
	await slider.press(" ");
	await page.waitForFunction((element) => element.querySelector("input").value === "2", await film.elementHandle(), { timeout: 10000 });
	await film.getByRole("button", { name: "Pause the film" }).click();
	const paused = await at();
	await page.waitForTimeout(1200);
	complaints.push(...differs("a film that pauses stands still at", await at(), paused));
	const strip = film.locator(".index svg").first(), box = await strip.boundingBox();
	await strip.click({ position: { x: box.width - 2, y: box.height / 2 } });
	complaints.push(...differs("a click on the index's end leads to", await at(), last));
	await slider.press("Home");
	await slider.press("ArrowRight");
	const moving = await film.evaluate((element) => element.getAnimations({ subtree: true }).length);
	complaints.push(...differs("blocks slide", moving > 0, true));
	const block = film.locator(".now .block[data-line]:not([data-line=''])").last();
	await block.hover();
	complaints.push(...differs("what is said of a block", /^In use: [\d,]+ bytes .*at the heap's start \+ 0x[0-9a-f]+\. Allocated by line \d+: .*alloc/.test(await film.locator(".pointed").innerText()), true));
	complaints.push(...differs("lines that a block lights", await film.locator(".now pre .lit").count(), 1));
	await film.locator(`.now pre [data-line="${await block.getAttribute("data-line")}"]`).first().hover();
	complaints.push(...differs("the line lights its block", await film.locator(".now .block.lit").count() > 0, true));
	await film.locator(".now .picture").first().press("ArrowDown");
	complaints.push(...differs("blocks chosen by key", await film.locator(".now .block.lit").count(), 1), ...differs("arms marked as controls", await film.locator(".now .arm .control").count(), 1));
	return complaints;
}

/* ---- the slider over a sweep ---- */

async function sweeps(page) {
	const sweep = page.locator(".sweep").first(), slider = sweep.getByRole("slider"), labels = new Set(), complaints = [];
	const last = await sweep.locator(":scope > ol > li").count() - 1;
	if (last < 1) return ["there is no sweep of several values"];
	await slider.focus();
	for (let at = 0; at <= last; at++, await slider.press("ArrowRight")) {
		complaints.push(...differs(`positions in sight at ${at}`, await sweep.locator(":scope > ol > li:visible").count(), 1));
		complaints.push(...differs(`charts in sight at ${at}`, await sweep.locator(":scope > ol > li:visible svg[role=img]").count(), 1));
		const said = await slider.getAttribute("aria-valuetext"), label = await sweep.locator(":scope > ol > li:visible strong").innerText();
		complaints.push(...differs(`what the slider says at ${at}`, said.startsWith(`${label}: `), true));
		labels.add(label);
	}
	return [...complaints, ...differs("values", labels.size, last + 1)];
}

/* ---- the wall of claims ---- */

/* Renders what is off the screen, too: places move where something is rendered only when it comes into sight. */
const renderedWhole = (page) => page.addStyleTag({ content: "* { content-visibility: visible !important }" });

const all = (page) => page.getByRole("radio", { name: /all$/ }).check();

/* A report opens with its refuted claims, if it has some; each count shows as many claims as it says; a word finds its claims. */
async function wall(page) {
	const tiles = page.locator(".tile:visible"), complaints = [], radios = await page.locator(".filters label:has([type=radio])").all();
	const refuted = await page.locator(".tile.refuted").count(), total = await page.locator(".tile").count();
	complaints.push(...differs("claims at the opening", await tiles.count(), refuted || total));
	for (const label of radios) {
		await label.locator("input").check();
		complaints.push(...differs(`claims under "${(await label.innerText()).trim()}"`, await tiles.count(), Number(await label.locator("b").innerText())));
	}
	await page.getByRole("searchbox").fill("the_four_block");
	complaints.push(...differs("claims with that name", await page.locator(".tile[data-words*=the_four_block]:visible").count(), await tiles.count()));
	await page.getByRole("searchbox").fill("no claim says this");
	complaints.push(...differs("claims that nobody wrote", await tiles.count(), 0), ...differs("what is said of them", await page.locator(".filters output").innerText(), `0 of ${total} claims are shown`));
	return complaints;
}

/* Next leads from the first claim through all of them, and a click on a link to copy brings it into the address. */
async function neighbours(page) {
	const ids = await page.locator("article.claim h3").evaluateAll((headings) => headings.map((heading) => heading.id)), seen = [];
	for (let id = ids[0]; id && seen.length <= ids.length; id = await page.evaluate((id) => document.getElementById(id).closest("article").querySelector("[rel=next]")?.hash.slice(1), id)) seen.push(id);
	await page.locator("article.claim .steps .copies").nth(1).click();
	return [...differs("claims on the way", seen.join(), ids.join()), ...differs("the link in the address", new URL(page.url()).hash, `#${ids[1]}`)];
}

async function linkToStage(page, { url }) {
	const id = await page.locator(".film ol > li").nth(2).getAttribute("id");
	await page.goto("about:blank");
	await page.goto(`${url}#${id}`);
	const complaints = differs("the stage in the address is shown", await page.locator(`[id="${id}"]`).isVisible(), true);
	await page.locator(".film").first().getByRole("button", { name: "One stage on" }).click();
	await page.locator(".film .stage .copies:visible").first().click();
	return [...complaints, ...differs("the link to the next stage", new URL(page.url()).hash, `#${id.replace(/\d+$/, (number) => Number(number) + 1)}`)];
}

/* ---- what stands on one screen ---- */

const SCREENS = [[1920, 1080], [1366, 768], [1280, 720]];
const LEAST_PICTURE = 120, LEAST_TYPE = 10; // px

/* Runs in the page.  Returns what does not stand on one screen: a claim's question, verdict and chart; a film at its ends; a map. */
function offScreen(least) {
	const said = [], look = (block) => {
		block.scrollIntoView();
		const name = block.closest("article").querySelector("h3").id, parts = [block, ...block.querySelectorAll("h3, .badge, svg:not(.swatch)")].filter((part) => part.checkVisibility());
		const boxes = parts.map((part) => part.getBoundingClientRect());
		const top = Math.min(...boxes.map((box) => box.top)), bottom = Math.max(...boxes.map((box) => box.bottom));
		if (top < -1 || bottom - top > innerHeight || (bottom > innerHeight + 1 && scrollY + innerHeight < document.documentElement.scrollHeight - 2))
			said.push(`${block.className} of ${name} lies from ${top} to ${bottom} of ${innerHeight} px`);
		for (const svg of block.querySelectorAll("svg:not(.swatch, .index svg)"))
			if (svg.checkVisibility() && svg.getBoundingClientRect().height < least) said.push(`a picture of ${name} is ${svg.getBoundingClientRect().height} px high`);
	};
	for (const block of document.querySelectorAll(".opening, .film, .tall")) {
		look(block);
		if (!block.matches(".film")) continue;
		block.querySelector("input").value = block.querySelector("input").max;
		block.querySelector("input").dispatchEvent(new Event("input"));
		look(block);
	}
	return said;
}

async function onOneScreen(page) {
	await renderedWhole(page);
	return gather(SCREENS, async ([width, height]) => {
		await page.setViewportSize({ width, height });
		return (await page.evaluate(offScreen, LEAST_PICTURE)).map((complaint) => `${width}x${height}: ${complaint}`);
	});
}

/* A chart has the width of a phone, and enlarged it fills the phone with type that can be read. */
async function onAPhone(page) {
	await page.setViewportSize({ width: 390, height: 844 });
	const wide = await page.evaluate(() => [...document.querySelectorAll(".card")].filter((card) => card.scrollWidth > card.clientWidth + 1).length);
	const complaints = differs("pictures that scroll sideways", wide, 0);
	const figure = page.locator(".opening figure").first();
	await figure.getByRole("button").click();
	const seen = await figure.locator("svg").evaluate((svg) => {
		const box = svg.getBoundingClientRect(), sizes = [...svg.querySelectorAll("text")].map((text) => {
			const { a, b } = text.getScreenCTM();
			return Math.hypot(a, b) * parseFloat(getComputedStyle(text).fontSize);
		});
		return { within: box.left >= -1 && box.top >= -1 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1, type: Math.min(...sizes), high: box.height };
	});
	if (!seen.within || seen.type < LEAST_TYPE || seen.high < 700) complaints.push(`enlarged: ${JSON.stringify(seen)}`);
	await page.keyboard.press("Escape");
	return [...complaints, ...differs("enlarged after Escape", await page.locator(".card[popover]").count(), 0)];
}

/* ---- lecture mode ---- */

/* Runs in the page.  Returns what is wrong on the screen of a claim: what tells the answer though it is covered, and what
 * lies off the screen. */
function lectureFaults() {
	const dialog = document.querySelector(".lecture"), of = (selector) => [...dialog.querySelectorAll(selector)].filter((element) => element.getClientRects().length);
	const name = dialog.querySelector("h2").textContent, said = [], isOpen = of(".answer").length;
	if (isOpen && of(".because").every((text) => !text.textContent)) said.push(`${name}: no reason is told`);
	if (!isOpen && of(".covered, .headline, .answer, .badge, .measured").length) said.push(`${name}: ${of(".covered, .headline, .answer, .badge, .measured")[0].outerHTML.slice(0, 80)} is not covered`);
	if (!isOpen && /measured \d|Verdict/.test(dialog.querySelector(".board svg")?.getAttribute("aria-label"))) said.push(`${name}: the picture's text tells`);
	for (const part of of("h2, .bar button, .board, .board svg, form, .reveal, .verdict-here, .measured, .histogram, .because")) {
		const box = part.getBoundingClientRect();
		if (box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) said.push(`${name}: ${part.className || part.tagName} is off the screen: ${JSON.stringify(box)}`);
	}
	return said;
}

const PROJECTORS = [[1920, 1080], [1280, 720]];
const press = (page, ...keys) => gather(keys, async (key) => (await page.keyboard.press(key), []));

/* Goes to the report with this behind the #, as one who follows a link. */
async function openAt(page, url, hash) {
	await page.goto("about:blank");
	await page.goto(`${url}#${hash}`);
}

/* A class bets by keyboard and on the axis, sees the answer with all its bets, goes on, and leaves. */
async function lecture(page, { url, heard }) {
	const complaints = [], has = async (what, got, wanted) => complaints.push(...differs(what, await got, wanted));
	const part = (selector) => page.locator(`.lecture ${selector}`), live = () => part("[aria-live]").innerText();
	await openAt(page, url, "lecture=the_four_block_story,no_such_claim,broken");
	const files = await page.evaluate(() => JSON.parse(document.querySelector("[data-name=the_four_block_story]").dataset.lecture).bets.reduce((sum, one) => sum + one.times, 0));
	if (files < 2) complaints.push("there are no bets of a class");
	await has("screens of the list", part(".place").innerText(), "1 of 2");
	await has("what is not in the list", part(".unknown").innerText().then((text) => /no_such_claim$/.test(text)), true);
	await page.keyboard.type("many");
	await press(page, "Enter");
	await has("an answer to nonsense", live().then((text) => text.startsWith("“many” is no bet")), true);
	await part("input").fill("");
	await page.keyboard.type("64 KiB");
	await press(page, "Enter");
	await has("after a bet that was typed", live(), "Bet: 64 KiB. 1 bet so far.");
	const { width, height } = await part(".panel").first().boundingBox();
	await part(".panel").first().click({ position: { x: width / 2, y: height - 1 } });
	await has("lines for bets in the picture", part("path.bet").count(), 2);
	await press(page, "Space");
	await has("the answer has the focus", page.evaluate(() => document.activeElement.className), "answer");
	await has("bets in the histogram", part(".histogram td").allInnerTexts().then((counts) => counts.reduce((sum, text) => sum + Number(text), 0)), files + 2);
	complaints.push(...await page.evaluate(lectureFaults));
	await press(page, "ArrowRight");
	await has("after an arrow", part(".place").innerText(), "2 of 2");
	complaints.push(...await page.evaluate(lectureFaults));
	await press(page, "ArrowRight", "ArrowLeft");
	await has("after the arrow back", part(".bets li").count(), 2);
	await press(page, "Tab", "Tab", "Tab", "Tab");
	await has("Tab stays in it", page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest(".lecture")), true);
	await press(page, "Escape");
	await page.waitForFunction(() => !location.hash.startsWith("#lecture"), null, { timeout: 3000 }).catch(() => {}); // the event comes later
	await has("after Escape", page.evaluate(() => [document.querySelector(".lecture").open, location.hash].join()), "false,#4_giving_back-the_four_block_story");
	await press(page, "p");
	await has("after p", page.evaluate(() => [document.querySelector(".lecture").open, location.hash].join()), "true,#lecture");
	await press(page, "Escape");
	return [...complaints, ...heard.filter((line) => !line.startsWith("request: "))];
}

/* Runs in the page.  Goes through all claims, covered and told. */
function eachLecture(look) {
	const dialog = document.querySelector(".lecture"), faults = new Function(`return (${look})()`), said = [];
	const key = (name) => dialog.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
	for (let last = "", now; (now = dialog.querySelector(".place").textContent) !== last; last = now, key("ArrowRight")) {
		said.push(...faults());
		key(" ");
		said.push(...faults());
	}
	return said;
}

async function everyLecture(page, { url }) {
	const claims = await page.locator("article.claim:not([data-lecture=null])").count();
	const complaints = await gather(PROJECTORS, async ([width, height]) => {
		await page.setViewportSize({ width, height });
		await openAt(page, url, "lecture");
		return (await page.evaluate(eachLecture, String(lectureFaults))).map((complaint) => `${width}x${height}: ${complaint}`);
	});
	return [...complaints, ...differs("claims that were shown", await page.locator(".lecture .place").innerText(), `${claims} of ${claims}`)];
}

/* ---- links and keys ------------------------------------------------------------ */

async function links(page, { url }) {
	await all(page);
	const rows = await page.locator(".tile a").all();
	if (rows.length < 4) return [`the wall of claims has ${rows.length} links`];
	const complaints = [...await gather(rows, async (link) => {
		const wanted = await link.getAttribute("href");
		await link.click();
		const top = await page.evaluate((id) => document.getElementById(id)?.getBoundingClientRect().top, wanted.slice(1));
		const height = page.viewportSize().height, atEnd = await page.evaluate(() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2);
		return top >= 0 && (top < height / 3 || (atEnd && top < height)) ? [] : [`${wanted} does not come to the top: ${top}`];
	})];
	for (const href of await page.evaluate(() => [...document.links].map((link) => link.href))) {
		const [file, id] = href.split("#");
		if (!href.startsWith("file:") || !existsSync(fileURLToPath(file))) complaints.push(`${href} leads nowhere`);
		else if (file === url && !(await page.evaluate((id) => !!document.getElementById(id), id))) complaints.push(`#${id} leads nowhere`);
	}
	return complaints;
}

/* Runs in the page.  Returns the element in focus and how it shows that it is, and marks it as reached. */
function inFocus() {
	const element = document.activeElement;
	if (element === document.body) return null;
	const style = getComputedStyle(element), box = element.getBoundingClientRect();
	element.dataset.reached = "yes";
	return {
		text: `${element.tagName.toLowerCase()} "${(element.getAttribute("aria-label") || element.textContent).trim().slice(0, 40)}"`,
		outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
		onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
	};
}

async function keyboard(page) {
	const complaints = [], most = 20 + await page.locator("a, button, input, summary, [tabindex]").count();
	for (let i = 0, on; i < most && !complaints.length && (on = (await page.keyboard.press("Tab"), await page.evaluate(inFocus))); i++) {
		if (!on.outlined) complaints.push(`${on.text} does not show that it has the focus`);
		if (!on.onScreen) complaints.push(`${on.text} has the focus off the screen`);
	}
	const missed = await page.evaluate(() => [...document.querySelectorAll("a[href], button:enabled, input:not([type=radio]:not(:checked)), summary, [tabindex='0']")]
		.filter((element) => element.checkVisibility() && !element.dataset.reached).map((element) => element.outerHTML.slice(0, 80)));
	return complaints.length ? complaints : missed.map((element) => `no key leads to ${element}`);
}

async function skip(page) {
	await page.keyboard.press("Tab");
	const first = await page.evaluate(() => ({ href: document.activeElement.getAttribute("href"), left: document.activeElement.getBoundingClientRect().left }));
	if (first.href !== "#verdicts" || first.left < 0) return [`the first Tab leads to ${JSON.stringify(first)}`];
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	return differs("the Tab after skipping is in the wall", await page.evaluate(() => !!document.activeElement.closest(".wall")), true);
}

/* ---- accessibility --------------------------------------------------------------- */

/* sample: what to look at of the page; without it all of it. */
async function rules(page, sample) {
	await all(page);
	await renderedWhole(page);
	for (const inside of [".listing", ".source"]) await page.locator(`details:has(${inside}) summary`).first().click();
	return violations(page, sample);
}

async function violations(page, sample) {
	await page.evaluate(AXE);
	const found = await page.evaluate(([sample, tags]) => window.axe.run(sample ?? document, { runOnly: tags, resultTypes: ["violations"] }), [sample, RULES]);
	return found.violations.flatMap(({ id, nodes }) => nodes.slice(0, 4).map((node) => `${id}: ${node.html.slice(0, 120)}: ${node.failureSummary.replace(/\s+/g, " ").slice(0, 300)}`));
}

async function accessible(page, { spoiled }) {
	return gather([["light", 1280], ["dark", 390]], async ([colorScheme, width]) => {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme });
		await page.reload();
		return (await rules(page, spoiled ? "header" : undefined)).map((complaint) => `${colorScheme}, ${width} px: ${complaint}`);
	});
}

async function accessibleLecture(page, { url, spoiled }) {
	return gather(["light", "dark"], async (colorScheme) => {
		await page.emulateMedia({ colorScheme });
		await openAt(page, url, "lecture=the_four_block_story");
		return gather(spoiled ? ["Shift"] : ["Shift", "Space"], async (key) => {
			await page.keyboard.press(key);
			return (await violations(page, ".lecture")).map((complaint) => `${colorScheme}, after ${key}: ${complaint}`);
		});
	});
}

async function pictures(page) {
	const found = await page.evaluate(() => [...document.querySelectorAll("svg")].filter((svg) => svg.getAttribute("aria-hidden") !== "true")
		.map((svg) => ({ role: svg.getAttribute("role"), name: svg.getAttribute("aria-label") ?? "" })));
	if (!found.length) return ["there is no chart"];
	return found.filter(({ role, name }) => role !== "img" || name.length < 20).map((one) => `a picture without a text: ${JSON.stringify(one)}`);
}

/* ---- layout ------------------------------------------------------------------------- */

/* Runs in the page.  Returns what is wider than the page, and short texts that were broken into lines. */
function misfits() {
	const said = [], width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) {
		const widest = [...document.body.querySelectorAll("*")].sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
		said.push(`the page scrolls sideways: ${document.documentElement.scrollWidth}: ${widest.outerHTML.slice(0, 80)}`);
	}
	for (const element of document.querySelectorAll(".filters b, .badge, .tag, .outcome span")) {
		const text = document.createRange();
		text.selectNodeContents(element);
		if (text.getBoundingClientRect().height > 2 * parseFloat(getComputedStyle(element).fontSize))
			said.push(`broken into lines: ${element.outerHTML.slice(0, 80)}`);
	}
	return said;
}

async function fits(page, { screenshot }) {
	await page.locator(".filters b").evaluateAll((counts) => counts.forEach((count) => { count.textContent = "117"; }));
	return gather(["light", "dark"], (colorScheme) => gather(WIDTHS, async (width) => {
		await page.emulateMedia({ colorScheme });
		await page.setViewportSize({ width, height: 900 });
		await screenshot(page, `${width}-${colorScheme}`);
		return (await page.evaluate(misfits)).map((complaint) => `${width} px: ${complaint}`);
	}));
}

const PAPER = { width: 710, height: 930 }; // px: Letter without its margins
const MOST_OTHER_PAGES = 12; // of a handout, beside a page for each claim: the wall, what is told of the machine, claims with much to try

/* Returns how many pages are printed.  Where nobody keeps them, pictures leave their room empty, which is much quicker. */
async function printed(page, keep, name) {
	if (!keep.asked) await page.addStyleTag({ content: "svg > * { display: none }" });
	const pdf = await page.pdf({ preferCSSPageSize: true });
	keep(name, pdf);
	return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}

/* Each chart is printed on the page of its claim, and by default not more than a class can carry home. */
async function handout(page, { keep }) {
	const claims = await page.locator("article.claim").count(), pages = await printed(page, keep, "handout.pdf");
	const complaints = pages > claims && pages <= claims + MOST_OTHER_PAGES ? [] : [`${pages} printed pages of ${claims} claims`];
	await page.emulateMedia({ media: "print" });
	await page.setViewportSize(PAPER);
	return [...complaints, ...await page.evaluate((height) => {
		const pageRules = (rules) => [...rules].flatMap((rule) => (rule instanceof CSSPageRule ? [rule.cssText] : rule.cssRules ? pageRules(rule.cssRules) : []));
		const said = pageRules(document.styleSheets[0].cssRules).some((text) => text.includes("counter(page)")) ? [] : ["pages have no numbers"];
		for (const block of document.querySelectorAll(".opening")) {
			const style = getComputedStyle(block), claim = getComputedStyle(block.closest("article"));
			const starts = claim.breakBefore === "page" || block.closest("article").matches("h2 + *");
			if (!starts || style.breakInside !== "avoid" || block.offsetHeight > height) said.push(`${block.querySelector("h3").id} is printed on more than a page: ${block.offsetHeight} px, ${style.breakInside}`);
		}
		return said;
	}, PAPER.height)];
}

async function printsAll(page, { keep, url }) {
	const pages = await printed(page, keep, "handout.pdf");
	await page.goto(`${url}?print=all`);
	const everything = await printed(page, keep, "everything.pdf");
	return everything > pages ? [] : [`${everything} pages with everything, ${pages} in the handout`];
}

/* How long the page may take until something of it is painted, with a CPU of its own.  Asked is only how much of a CPU the
 * page takes, and three times as much is let pass: other programs slow a CPU down.  What was measured is said. */
const LOADS_IN = 1.5, PATIENCE = 3; // s

async function loads(page, { url, spoiled, say }) {
	const session = await page.context().newCDPSession(page);
	const spent = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ThreadTime").value;
	await session.send("Performance.enable");
	await page.goto("about:blank");
	const before = await spent();
	await page.goto(url);
	await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length);
	const cpu = await spent() - before, [ready, painted] = await page.evaluate(() => [performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd, performance.getEntriesByName("first-contentful-paint")[0].startTime]);
	await session.detach();
	say(`the report of ${await page.locator("article.claim").count()} claims: DOMContentLoaded after ${(ready / 1000).toFixed(2)} s, first paint after ${(painted / 1000).toFixed(2)} s, ${cpu.toFixed(2)} s of a CPU`);
	return cpu < (LOADS_IN * PATIENCE) / (spoiled ? 5 : 1) ? [] : [`the page takes ${cpu.toFixed(2)} s of a CPU to load`];
}

const small = async (page, { bytes }) => (bytes < LARGEST ? [] : [`the page has ${bytes} bytes`]);

async function withoutScript(page) {
	const complaints = [], films = await page.locator(".film").all();
	for (const film of films) {
		complaints.push(...differs("stages in the strip", await film.locator("ol > li:visible").count(), await film.locator("ol > li.key").count()));
		complaints.push(...differs("controls in sight", await film.locator(".controls:visible").count(), 0));
	}
	if (!films.length) complaints.push("there is no film");
	complaints.push(...differs("verdicts in sight", await page.locator(".tile .badge:visible").count(), await page.locator("article.claim").count()),
		...differs("filters in sight", await page.locator(".filters:visible").count(), 0));
	await page.locator("summary").first().press("Enter"); // a click would wait for a page that renders as it scrolls
	return [...complaints, ...differs("details open", await page.locator("details[open]").count(), 1)];
}

export const checks = [
	{ name: "the page requests nothing from the network, and the console stays empty", opened: true, look: quiet, spoil: ["<footer>", '<footer><img alt="" src="http://127.0.0.1:9/x.png">'] },
	{ name: "films move by slider, keys and buttons, and the stage and the source line move with them", opened: true, look: films, spoil: ["ArrowLeft: -1", "ArrowLeft: -2"] },
	{ name: "a slider shows the chart of each value that was swept", look: sweeps, opened: true, spoil: ["at === Number(slider.value)", "at === 0"] },
	{ name: "a film fits a phone, and nothing of it scrolls sideways", opened: true, look: filmsFitPhones, spoil: [".film .picture svg { display: block; width: 100%", ".film .picture svg { display: block; width: 40rem"] },
	{ name: "a film plays and pauses; its index, its blocks and its source lines answer", opened: true, look: filmsPlay, spoil: ['classList.add("lit")', 'classList.add("dark")'] },
	{ name: "links of the wall lead to their sections, and all other links to something that exists", look: links, spoil: ['<a href="#4_giving_back-', '<a href="#4-giving-back-'] },
	{ name: "Tab reaches everything, and each element shows that it has the focus", opened: true, look: keyboard, spoil: [":focus-visible {", ":focus-within:active {"] },
	{ name: "the skip link leads past the top of the page", opened: true, look: skip, spoil: ["a.skip:focus {", "a.skip:hover {"] },
	{ name: "axe-core finds no fault in light and in dark colours, on a wide and on a narrow page", opened: true, look: accessible, spoil: ["--soft: #50555f", "--soft: #b0b5bf"] },
	{ name: "every picture has a text alternative", look: pictures, spoil: [/aria-label="Chart for[^"]*"/, ""] },
	{ name: "nothing is wider than the page at any width, and no short text is broken into lines", opened: true, look: fits, spoil: ["flex: 0 1 24rem; min-width: 0", "flex: none; width: 30rem"] },
	{ name: "question, verdict and picture stand on one screen, and so do films and maps", look: onOneScreen, every: true, spoil: [/\(100vh - /g, "(250vh - "] },
	{ name: "charts fit a phone, and fill it when enlarged", look: onAPhone, every: true, spoil: ["rotate(90deg)", "rotate(0deg)"] },
	{ name: "the wall opens with what is refuted; counts and a word filter it", opened: true, look: wall, every: true, spoil: ["tile.hidden = !matches(tile)", "tile.hidden = false"] },
	{ name: "next leads through all claims, and each claim has a link to copy", look: neighbours, every: true, spoil: ['rel="next"', 'rel="other"'] },
	{ name: "a link to a stage of a film shows that stage", look: linkToStage, spoil: ["show(at, true);", ""] },
	{ name: "lecture mode takes bets by keyboard and on the axis, reveals with all bets of a class, goes on and ends", look: lecture, opened: true, spoil: ['question.bets.forEach', '[].forEach'] },
	{ name: "lecture mode covers each claim's answer until it is revealed, and all of it stands on one screen", look: everyLecture, every: true, opened: true, spoil: [".lecture .covers .covered, .lecture .headline { display: none }", ""] },
	{ name: "axe-core finds no fault in lecture mode, before and after the reveal, in light and in dark colours", look: accessibleLecture, opened: true, spoil: ["<label>Your bet <input", "<p>Your bet <input"] },
	{ name: "the page loads quickly", look: loads, every: true, opened: true, spoil: ["<footer>", "<footer><script>for (let i = 0; i < 3e9; i++);</script>"] },
	{ name: "the page has less than 10 MB", look: small, every: true, spoil: ["<footer>", `<!-- ${"x".repeat(LARGEST)} --><footer>`] },
	{ name: "each chart is printed on the page of its claim, with page numbers, as a handout", look: handout, every: true, spoil: [".opening, .opening figure { break-inside: avoid }", ""] },
	{ name: "everything is printed where that is wanted", look: printsAll, spoil: ['.get("print") === "all"', '.get("print") === "none"'] },
	{ name: "the page works without scripts", opened: true, look: withoutScript, script: false, spoil: [".film:not(.plays) :is(.controls, .pointed),", ""] },
];
