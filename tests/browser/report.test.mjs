/* SPDX-License-Identifier: MIT */
/* Checks the report in a headless Chromium; tests/browser.bats runs it.
 *
 * USAGE: BROWSER=/usr/bin/chromium node report.test.mjs REPORT.html [spoiled|every]
 *   spoiled       each check must complain of a copy of the report that was spoiled for it
 *   every         only the checks that are made of every claim of the suite
 *   SCREENSHOTS   a folder for screenshots and the PDF, which are kept
 *   exit          0 all is well; 1 a check complains; 77 the browser cannot open a page here
 *
 * OVERHEADS: about 20 s on two busy CPUs, half of that on idle ones.  Nothing leaves the machine: the browser resolves no name. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { checks } from "./checks.mjs";

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
	"--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"];
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
	const path = join(dirname(report), "spoiled.html");
	writeFileSync(path, changed.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""));
	return path;
}

async function complaints(browser, check) {
	const path = spoiled ? spoil(check) : report, heard = [], url = pathToFileURL(path).href;
	const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, javaScriptEnabled: check.script ?? true });
	page.on("request", (request) => heard.push(`request: ${request.url()}`));
	page.on("console", (message) => heard.push(`${message.type()}: ${message.text()}`));
	page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
	await page.goto(url);
	const keep = (name, content) => folder && !spoiled && writeFileSync(join(folder, name), content);
	const screenshot = async (page, name) => folder && !spoiled && page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
	try {
		return await check.look(page, { heard, url, bytes: statSync(path).size, keep, screenshot });
	} finally {
		await page.close();
	}
}

const browser = await start();
test("the report", async (all) => {
	for (const check of checks.filter((check) => !every || check.every))
		await all.test(check.name, { timeout: 300000 }, async () => {
			const said = await complaints(browser, check);
			if (spoiled) assert.notDeepEqual(said, [], "no complaint of a page that was spoiled for it");
			else assert.deepEqual(said.slice(0, 20), []);
		});
	await browser.close();
});
