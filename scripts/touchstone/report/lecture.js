/* SPDX-License-Identifier: MIT */
/* Lecture mode: one claim a screen, its answer covered until the class has bet.  The key p, the button or #lecture begin it
 * (#lecture=malloc_is_lazy,the_four_block_story: with these claims); Escape ends it. */
"use strict";
{
	const dialog = document.querySelector(".lecture"), part = (selector) => dialog.querySelector(selector), input = part("input");
	const stage = part(".board"), answer = part(".answer"), form = part("form"), SVG = "http://www.w3.org/2000/svg";
	const claims = [...document.querySelectorAll("article.claim")].filter((article) => JSON.parse(article.dataset.lecture));
	const made = new Map(); // article -> the bets that were made here
	let list = claims, at = 0, question, bets, svg, axis;

	/* ---- numbers ---- */

	const UNITS = { bytes: [1024, ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]], ns: [1000, ["ns", "µs", "ms", "s"]] };
	const digits = (value, most) => Number(value.toPrecision(most)).toLocaleString("en", { maximumFractionDigits: 3 });
	const withUnit = (value, unit) => {
		if (typeof value === "string") return value;
		if (unit === "times") return `${digits(value, 3)} times`;
		const [step, names] = UNITS[unit] ?? [1, [""]];
		if (names.length === 1 || (unit === "bytes" && value % 1024 && Math.abs(value) < 1e7)) return `${value.toLocaleString("en")} ${names[0]}`.trim();
		let power = 0;
		while (power < names.length - 1 && Math.abs(value) >= step ** (power + 1)) power++;
		return `${digits(value / step ** power, 4)} ${names[power]}`;
	};

	const NUMBER = /^(-?)(?:2(?:\^|\*\*)(\d{1,2})|(\d{1,3}(?:,\d{3})+|\d{1,19})(\.\d{1,9})?)\s*([a-zµ]*)$/;
	/* Returns a text as a number of the question's unit, or as up, down or same; undefined for what answers nothing. */
	const understood = (text) => {
		const said = text.trim().toLowerCase().replace(/[.?!]+$/, ""), number = NUMBER.exec(said);
		const direction = Object.keys(question.directions).find((name) => question.directions[name].includes(said));
		if (direction) return question.never_below_0 && direction === "down" ? undefined : direction;
		if (!number || !(number[5] in question.scales || question.asked.toLowerCase().split(/[^a-zµ]+/).includes(number[5]))) return undefined;
		const size = number[2] ? 2 ** number[2] : Number(number[3].replaceAll(",", "") + (number[4] ?? ""));
		const value = size * (question.scales[number[5]] ?? 1) * (number[1] ? -1 : 1);
		return value < 0 && question.never_below_0 ? undefined : value;
	};

	/* ---- the axis: where a bet lies on it, and what a place on it is worth ---- */

	const drawn = (tag, attributes, parent = svg) => {
		const element = parent.appendChild(document.createElementNS(SVG, tag));
		Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
		return element;
	};
	const side = (panel, name) => Number(panel.getAttribute(name)), isAcross = () => axis.axis === "x";
	const share = (value) => (axis.log ? Math.log(Math.max(value, axis.low) / axis.low) / Math.log(axis.high / axis.low) : (value - axis.low) / (axis.high - axis.low));
	const rounded = (value) => {
		const bytes = question.unit === "bytes", least = (axis.high - axis.low) / axis.factor / 64;
		if (axis.log) return bytes ? 2 ** Math.round(Math.log2(value)) : Number(value.toPrecision(1));
		const step = bytes ? 2 ** Math.floor(Math.log2(least)) : 10 ** Math.floor(Math.log10(least));
		const near = Math.round(value / step) * step;
		return question.unit === "times" ? Number(near.toPrecision(3)) : Math.round(near);
	};
	const valueAt = (panel, event) => {
		const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
		const part = isAcross() ? (x - side(panel, "x")) / side(panel, "width") : 1 - (y - side(panel, "y")) / side(panel, "height");
		const place = axis.log ? axis.low * (axis.high / axis.low) ** part : axis.low + (axis.high - axis.low) * part;
		const value = rounded((place - axis.offset) / axis.factor);
		return question.never_below_0 ? Math.max(value, 0) : value;
	};
	/* Draws a line at a value across each panel; returns what was drawn. */
	const line = (value, name) => [...svg.querySelectorAll(".panel")].flatMap((panel) => {
		const part = share(axis.offset + axis.factor * value), [x, y, width, height] = ["x", "y", "width", "height"].map((of) => side(panel, of));
		if (!(part >= 0 && part <= 1)) return [];
		return drawn("path", { class: name, d: isAcross() ? `M${x + part * width} ${y}v${height}` : `M${x} ${y + (1 - part) * height}h${width}` });
	});
	const aim = (panel) => {
		let shown = [];
		const clear = () => shown.splice(0).forEach((element) => element.remove());
		panel.addEventListener("pointerleave", clear);
		panel.addEventListener("pointermove", (event) => {
			clear();
			const value = valueAt(panel, event), text = drawn("text", { class: "aim", x: side(panel, "x") + 12, y: side(panel, "y") + 24 });
			text.textContent = withUnit(value, question.unit);
			shown = [text, ...line(value, "aim")];
		});
		panel.addEventListener("click", (event) => bet(valueAt(panel, event)));
	};

	/* ---- bets ---- */

	const say = (text) => { part("[aria-live]").textContent = text; };
	const counted = (count) => `${count} bet${count === 1 ? "" : "s"}`;
	const showBets = () => {
		part(".bets").replaceChildren(...bets.map((value) => Object.assign(document.createElement("li"), { textContent: withUnit(value, question.unit) })));
		part(".undo").hidden = !bets.length;
		svg?.querySelectorAll(".bet").forEach((mark) => mark.remove());
		if (axis) bets.filter((value) => typeof value === "number").forEach((value) => line(value, "bet"));
	};
	const bet = (value) => {
		if (answer.hidden === false) return;
		bets.push(value);
		showBets();
		say(`Bet: ${withUnit(value, question.unit)}. ${counted(bets.length)} so far.`);
	};
	const type = (event) => {
		event.preventDefault();
		const value = understood(input.value);
		if (value === undefined) {
			if (input.value.trim()) say(`“${input.value.trim()}” is no bet; expected is ${question.hint}.`);
			part(".hint").classList.toggle("wrong", Boolean(input.value.trim()));
			return;
		}
		part(".hint").classList.remove("wrong");
		input.value = "";
		bet(value);
	};

	/* ---- the reveal ---- */

	const MOST_ROWS = 10;
	/* Returns { text, times, value } from the least to the most: those of the class's files and those made here; where there
	 * are too many for the screen, those within a factor together. */
	const rows = () => {
		const found = new Map(), add = (value, times) => found.set(value, (found.get(value) ?? 0) + times);
		question.bets.forEach(({ value, times }) => add(value, times));
		bets.forEach((value) => add(value, 1));
		let all = [...found].map(([value, times]) => ({ value, times, text: withUnit(value, question.unit) }));
		const rank = ({ value }) => (typeof value === "number" ? value : { down: -Infinity, same: 0, up: Infinity }[value]);
		all.sort((a, b) => rank(a) - rank(b));
		for (let factor = 2; all.length > MOST_ROWS && factor < 1e9; factor *= 2) {
			const together = [];
			for (const row of all) {
				const last = together.at(-1), low = last?.low ?? last?.value;
				if (last && low > 0 && typeof row.value === "number" && row.value < low * factor) together[together.length - 1] = { ...row, low, times: last.times + row.times, text: `${withUnit(low, question.unit)} to ${row.text}` };
				else together.push(row);
			}
			all = together;
		}
		return all;
	};
	const histogram = () => {
		const all = rows(), most = Math.max(...all.map((row) => row.times)), { value, text } = question.measured, table = part(".histogram");
		table.hidden = !all.length;
		table.tBodies[0].replaceChildren(...all.map((row) => {
			const line = document.createElement("tr"), name = line.appendChild(document.createElement("th")), cell = line.insertCell();
			name.scope = "row";
			name.textContent = row.text;
			line.classList.toggle("right-bet", value !== null && (row.low ?? row.value) <= value && value <= row.value);
			if (line.classList.contains("right-bet")) name.append(" ✓");
			const bar = cell.appendChild(document.createElement("span"));
			bar.style.width = `${(row.times / most) * 75}%`;
			cell.append(` ${row.times}`);
			return line;
		}));
		table.caption.textContent = `${counted(all.reduce((sum, row) => sum + row.times, 0))}; measured: ${text}`;
	};
	const reveal = () => {
		if (!answer.hidden) return;
		const article = list[at];
		answer.hidden = false;
		form.hidden = part(".reveal").hidden = part(".undo").hidden = true;
		stage.classList.remove("covers");
		svg?.setAttribute("aria-label", article.querySelector(".opening svg[role=img]").getAttribute("aria-label"));
		part(".verdict-here").replaceChildren(article.querySelector(".verdict .badge").cloneNode(true));
		part(".measured").textContent = question.measured.text;
		part(".sentence").textContent = article.querySelector(".opening > p").textContent;
		part(".because").textContent = question.why || article.querySelector(".lead")?.textContent || "";
		histogram();
		answer.focus();
	};

	/* ---- one claim a screen ---- */

	/* Returns a copy of the claim's chart.  It refers to shapes of the original, and so needs no names of its own. */
	const copyOf = (original) => {
		const copy = original.cloneNode(true);
		[copy, ...copy.querySelectorAll("[id]")].forEach((element) => element.removeAttribute("id"));
		copy.setAttribute("aria-label", "The chart of this claim. What it tells is covered until the reveal; its axes and the control are shown.");
		stage.classList.toggle("blind", !copy.querySelector(".covered"));
		return copy;
	};
	const show = (number) => {
		at = Math.max(0, Math.min(list.length - 1, number));
		const article = list[at], original = article.querySelector(".opening svg[role=img]");
		question = JSON.parse(article.dataset.lecture);
		if (!made.has(article)) made.set(article, []);
		bets = made.get(article);
		answer.hidden = true;
		form.hidden = part(".reveal").hidden = false;
		svg = original && copyOf(original);
		axis = JSON.parse(svg?.dataset.bet ?? "null");
		stage.replaceChildren(...(svg ? [svg] : []));
		stage.classList.add("covers");
		stage.hidden = !svg;
		if (axis) svg.querySelectorAll(".panel").forEach(aim);
		stage.classList.toggle("aims", Boolean(axis));
		part("h2").textContent = question.asked;
		part(".place").textContent = `${at + 1} of ${list.length}`;
		part(".hint").textContent = `${question.hint}${axis ? "; or a click into the chart" : ""}`;
		const before = question.bets.reduce((sum, one) => sum + one.times, 0);
		part(".before").textContent = before ? `${counted(before)} of the class in files` : "";
		input.value = "";
		showBets();
		say(`${at + 1} of ${list.length}: ${question.asked}`);
		input.focus();
	};
	const move = (by) => at + by >= 0 && at + by < list.length && show(at + by);

	const begin = (names, start) => {
		const found = names.map((name) => claims.find((article) => article.dataset.name === name));
		const unknown = names.filter((_, number) => !found[number]);
		part(".unknown").textContent = unknown.length ? `Not in this report, or without a number to bet on: ${unknown.join(", ")}` : "";
		list = found.filter(Boolean).length ? found.filter(Boolean) : claims;
		if (!list.length) return;
		if (!dialog.open) dialog.showModal();
		show(list.indexOf(start));
	};
	const inSight = () => claims.findLast((article) => article.getBoundingClientRect().top < innerHeight / 2);
	const fromAddress = () => {
		const asked = /^#lecture(?:=(.*))?$/.exec(location.hash);
		if (asked) begin((asked[1] ?? "").split(",").map(decodeURIComponent).filter(Boolean));
	};
	const start = () => {
		const article = inSight();
		history.replaceState(null, "", "#lecture");
		begin([], article);
	};

	form.addEventListener("submit", type);
	part(".undo").addEventListener("click", () => { bets.pop(); showBets(); say(`Taken back. ${counted(bets.length)} so far.`); input.focus(); });
	part(".reveal").addEventListener("click", reveal);
	part(".before-this").addEventListener("click", () => move(-1));
	part(".after-this").addEventListener("click", () => move(1));
	part(".leave").addEventListener("click", () => dialog.close());
	dialog.addEventListener("close", () => {
		const heading = list[at].querySelector("h3");
		history.replaceState(null, "", `#${heading.id}`);
		stage.replaceChildren();
		heading.scrollIntoView();
		heading.focus({ preventScroll: true });
	});
	dialog.addEventListener("keydown", (event) => {
		const isTyping = event.target === input && input.value !== "", isButton = event.target.matches("button");
		const acts = { " ": () => !isButton && (reveal(), true), ArrowRight: () => (move(1), true), ArrowLeft: () => (move(-1), true),
			PageDown: () => (answer.hidden ? reveal() : move(1), true), PageUp: () => (move(-1), true) };
		if (!isTyping && !event.ctrlKey && !event.altKey && !event.metaKey && acts[event.key]?.()) event.preventDefault();
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "p" && !event.ctrlKey && !event.altKey && !event.metaKey && !dialog.open && !event.target.matches("input:not([type=radio], [type=checkbox], [type=range]), textarea")) {
			event.preventDefault();
			start();
		}
	});
	document.querySelector(".to-lecture")?.addEventListener("click", start);
	addEventListener("hashchange", fromAddress);
	fromAddress();
}
