/* SPDX-License-Identifier: MIT */
/* What a report must do in a browser.  Each check is { name, look, spoil }.  look(page, facts) resolves to a list of
 * complaints, which is empty when all is well.  spoil = [text, other text] changes a report so that look() must complain. */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
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
		stage: visible[0].querySelector(".stage").innerText,
		line: visible[0].querySelector(".here")?.innerText,
		lines: new Set(frames.map((frame) => frame.querySelector(".here")?.innerText)).size,
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

/* The pictures are wider than a phone: a reader who looks at the right half must see the right half at the next stage too. */
async function filmsStay(page) {
	await page.setViewportSize({ width: 390, height: 844 });
	const film = page.locator(".film").first(), left = () => film.locator(".picture:visible").first().evaluate((picture) => picture.scrollLeft);
	await film.locator(".picture:visible").first().evaluate((picture) => { picture.scrollLeft = 60; });
	const before = await left();
	await film.getByRole("button", { name: "One stage on" }).click();
	return [...differs("the picture scrolls, to", before, 60), ...differs("the next stage shows it from", await left(), 60)];
}

/* ---- links and keys ------------------------------------------------------------ */

async function links(page, { url }) {
	const rows = await page.locator(".summary a").all();
	if (rows.length < 4) return [`the table of verdicts has ${rows.length} links`];
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
	for (let i = 0, on; i < most && (on = (await page.keyboard.press("Tab"), await page.evaluate(inFocus))); i++) {
		if (!on.outlined) complaints.push(`${on.text} does not show that it has the focus`);
		if (!on.onScreen) complaints.push(`${on.text} has the focus off the screen`);
	}
	const missed = await page.evaluate(() => [...document.querySelectorAll("a[href], button:enabled, input, summary, [tabindex='0']")]
		.filter((element) => element.checkVisibility() && !element.dataset.reached).map((element) => element.outerHTML.slice(0, 80)));
	return [...complaints, ...missed.map((element) => `no key leads to ${element}`)];
}

async function skip(page) {
	await page.keyboard.press("Tab");
	const first = await page.evaluate(() => ({ href: document.activeElement.getAttribute("href"), left: document.activeElement.getBoundingClientRect().left }));
	if (first.href !== "#verdicts" || first.left < 0) return [`the first Tab leads to ${JSON.stringify(first)}`];
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	return differs("the Tab after skipping is in the table", await page.evaluate(() => !!document.activeElement.closest(".summary")), true);
}

/* ---- accessibility --------------------------------------------------------------- */

async function rules(page) {
	for (const inside of [".listing", ".source"]) await page.locator(`details:has(${inside}) summary`).first().click();
	const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags, resultTypes: ["violations"] }), RULES);
	return violations.flatMap(({ id, nodes }) => nodes.slice(0, 4).map((node) => `${id}: ${node.html.slice(0, 120)}: ${node.failureSummary.replace(/\s+/g, " ").slice(0, 300)}`));
}

async function accessible(page) {
	await page.addInitScript({ path: axe });
	return gather([["light", 1280], ["dark", 390]], async ([colorScheme, width]) => {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme });
		await page.reload();
		return (await rules(page)).map((complaint) => `${colorScheme}, ${width} px: ${complaint}`);
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
	for (const element of document.querySelectorAll(".counts b, .badge, .tag, .outcome span")) {
		const text = document.createRange();
		text.selectNodeContents(element);
		if (text.getBoundingClientRect().height > 2 * parseFloat(getComputedStyle(element).fontSize))
			said.push(`broken into lines: ${element.outerHTML.slice(0, 80)}`);
	}
	return said;
}

async function fits(page, { screenshot }) {
	await page.locator(".counts b").evaluateAll((counts) => counts.forEach((count) => { count.textContent = "117"; }));
	return gather(["light", "dark"], (colorScheme) => gather(WIDTHS, async (width) => {
		await page.emulateMedia({ colorScheme });
		await page.setViewportSize({ width, height: 900 });
		await screenshot(page, `${width}-${colorScheme}`);
		return (await page.evaluate(misfits)).map((complaint) => `${width} px: ${complaint}`);
	}));
}

async function prints(page, { keep }) {
	const claims = await page.locator("article.claim").count();
	const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
	const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
	keep("report.pdf", Buffer.from(pdf, "latin1"));
	return pages > claims && pdf.startsWith("%PDF-") ? [] : [`${pages} printed pages of ${claims} claims`];
}

const small = async (page, { bytes }) => (bytes < LARGEST ? [] : [`the page has ${bytes} bytes`]);

async function withoutScript(page) {
	const complaints = [], films = await page.locator(".film").all();
	for (const film of films) {
		complaints.push(...differs("stages in the strip", await film.locator("ol > li:visible").count(), await film.locator("ol > li.key").count()));
		complaints.push(...differs("controls in sight", await film.locator(".controls:visible").count(), 0));
	}
	if (!films.length) complaints.push("there is no film");
	complaints.push(...differs("verdicts in sight", await page.locator(".summary .badge:visible").count(), await page.locator("article.claim").count()));
	await page.locator("summary").first().click();
	return [...complaints, ...differs("details open", await page.locator("details[open]").count(), 1)];
}

export const checks = [
	{ name: "the page requests nothing from the network, and the console stays empty", look: quiet, spoil: ["<footer>", '<footer><img alt="" src="http://127.0.0.1:9/x.png">'] },
	{ name: "films move by slider, keys and buttons, and the stage and the source line move with them", look: films, spoil: ["ArrowLeft: -1", "ArrowLeft: -2"] },
	{ name: "a film on a phone stays where it was scrolled to", look: filmsStay, spoil: ["picture.scrollLeft = left[i]", "picture.scrollLeft = 0"] },
	{ name: "links of the table lead to their sections, and all other links to something that exists", look: links, spoil: ['<a href="#4_giving_back-', '<a href="#4-giving-back-'] },
	{ name: "Tab reaches everything, and each element shows that it has the focus", look: keyboard, spoil: [":focus-visible {", ":focus-within:active {"] },
	{ name: "the skip link leads past the top of the page", look: skip, spoil: ["a.skip:focus {", "a.skip:hover {"] },
	{ name: "axe-core finds no fault in light and in dark colours, on a wide and on a narrow page", look: accessible, spoil: ["--soft: #50555f", "--soft: #b0b5bf"] },
	{ name: "every picture has a text alternative", look: pictures, spoil: [/aria-label="Chart for[^"]*"/, ""] },
	{ name: "nothing is wider than the page at any width, and no short text is broken into lines", look: fits, spoil: ["min-width: min(20rem, 100%)", "min-width: 30rem"] },
	{ name: "each claim is printed on a page of its own", look: prints, spoil: ["@media print {", "@media print { body { display: none }"] },
	{ name: "the page has less than 10 MB", look: small, spoil: ["<footer>", `<!-- ${"x".repeat(LARGEST)} --><footer>`] },
	{ name: "the page works without scripts", look: withoutScript, script: false, spoil: [".film:not(.plays) .controls,", ""] },
];
