/* SPDX-License-Identifier: MIT */
/* Checks the report in a headless Chromium; tests/browser.bats runs it.
 *
 * USAGE: BROWSER=/usr/bin/chromium node report.test.mjs REPORT.html [spoiled|every]
 *   spoiled       each check must complain of a copy of the report that was spoiled for it
 *   every         only the checks that are made of every claim of the suite
 *   SAID          a file to which numbers that were measured are added
 *   SCREENSHOTS   a folder for screenshots and the PDF, which are kept
 *   exit          0 all is well; 1 a check complains; 77 the browser cannot open a page here
 *
 * OVERHEADS: about 15 s on two idle CPUs.  Nothing leaves the machine: the browser resolves no name. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { checks } from "./checks.mjs";

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
	"--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"];
const VIEWPORT = { width: 1280, height: 900 };
const report = resolve(process.argv[2]), spoiled = process.argv[3] === "spoiled", every = process.argv[3] === "every", folder = process.env.SCREENSHOTS;

/* Starts the browser, or exits with 77.  Playwright gives it an empty profile of its own, and removes the profile at the end. */
async function start() {
	const trial = join(dirname(report), "trial.html"); // a browser from a snap may not be allowed to read in this folder
	writeFileSync(trial, "<!DOCTYPE html><title>opened</title>");
	try {
		const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: FLAGS, timeout: 20000 });
		const page = await browser.newPage();
		await page.goto(pathToFileURL(trial).href);
		assert.equal(await page.title(), "opened");
		await page.close();
		return browser;
	} catch (error) {
		console.error(`${process.env.BROWSER} opens no page here: ${error.message.split("\n")[0]}`);
		process.exit(77);
	}
}

/* Writes a copy of the report that is spoiled for a check.  The copy has no policy, which would refuse a changed script. */
function spoil(check) {
	const [text, other] = check.spoil, whole = readFileSync(report, "utf8");
	const changed = whole.replaceAll(text instanceof RegExp ? new RegExp(text, "g") : text, other);
	assert.notEqual(changed, whole, `${text} is not in the report: this spoils nothing`);
	const path = join(dirname(report), `spoiled-${checks.indexOf(check)}.html`);
	writeFileSync(path, changed.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""));
	return path;
}

/* Pages to look at, each in a context of its own: what one is asked, another does not see. */
const AT_A_TIME = 2, idle = [];

async function newPage(browser, javaScriptEnabled) {
	const page = await (await browser.newContext({ viewport: VIEWPORT, javaScriptEnabled })).newPage(), one = { page, heard: [] };
	page.on("request", (request) => one.heard.push(`request: ${request.url()}`));
	page.on("console", (message) => one.heard.push(`${message.type()}: ${message.text()}`));
	page.on("pageerror", (error) => one.heard.push(`error: ${error.message}`));
	return one;
}

/* Brings the page to the report: anew, or as the check before has left it, in a window as it was in the beginning. */
async function open({ page, heard }, url, anew) {
	await page.setViewportSize(VIEWPORT);
	await page.emulateMedia({ media: null, colorScheme: null });
	if (!anew && page.url().split("#")[0] === url) return;
	await page.goto("about:blank");
	heard.length = 0;
	await page.goto(url);
}

/* Returns what the check complains of, in the report or in the copy of it that is spoiled for it. */
async function complaints(browser, check) {
	const path = spoiled ? spoil(check) : report, url = pathToFileURL(path).href, script = check.script ?? true;
	const one = (script && idle.pop()) || await newPage(browser, script);
	await open(one, url, check.opened);
	const keep = (name, content) => keep.asked && writeFileSync(join(folder, name), content);
	keep.asked = folder && !spoiled;
	const say = (text) => process.env.SAID && !spoiled && appendFileSync(process.env.SAID, `${text}\n`);
	const screenshot = async (page, name) => keep.asked && page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
	try {
		return await check.look(one.page, { heard: one.heard, url, spoiled, bytes: statSync(path).size, keep, say, screenshot });
	} finally {
		if (script) idle.push(one);
	}
}

const browser = await start();
test("the report", { concurrency: AT_A_TIME }, async (all) => {
	await Promise.all(checks.filter((check) => !every || check.every).map((check) => all.test(check.name, { timeout: 300000 }, async () => {
		const said = await complaints(browser, check);
		if (spoiled) assert.notDeepEqual(said, [], "no complaint of a page that was spoiled for it");
		else assert.deepEqual(said.slice(0, 20), []);
	})));
	await browser.close();
});
