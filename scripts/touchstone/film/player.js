/* SPDX-License-Identifier: MIT */
/* Turns a strip of stages into a player: one stage at a time, a slider, an index, keys, and blocks that can be pointed at. */
"use strict";
for (const film of document.querySelectorAll(".film")) {
	const frames = [...film.querySelectorAll(":scope > ol > li")];
	const slider = film.querySelector("input"), live = film.querySelector("[aria-live]"), pointed = film.querySelector(".pointed");
	const [play, back, forth] = [".play", ".back", ".forth"].map((name) => film.querySelector(name));
	const hint = pointed.textContent, still = matchMedia("(prefers-reduced-motion: reduce)");
	const marks = [...film.querySelectorAll(".index > div")].map((strip) => strip.appendChild(document.createElement("i")));
	let now = frames[0], timer = 0;

	/* ---- stages ---- */
	const show = (at, quietly) => {
		at = Math.max(0, Math.min(frames.length - 1, at));
		const before = now;
		now = frames[at];
		point(null);
		frames.forEach((frame, i) => frame.classList.toggle("now", i === at));
		if (before !== now && !still.matches) move(before, now);
		const told = now.dataset.told;
		slider.value = at;
		slider.setAttribute("aria-valuetext", told);
		back.disabled = at === 0;
		forth.disabled = at === frames.length - 1;
		for (const mark of marks) mark.style.cssText = `left: ${100 * at / frames.length}%; width: ${100 / frames.length}%`;
		live.textContent = quietly ? "" : [told, ...[...now.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"))].join(". ");
	};
	const step = (by) => show(Number(slider.value) + by);
	/* Blocks that are there in both stages slide to where they are now; new ones appear. */
	const key = (block) => block.dataset.name || block.dataset.start;
	const placed = (line) => Number(/^M([\d.]+)/.exec(line.getAttribute("d"))[1]);
	const move = (before, after) => {
		after.querySelectorAll(".picture").forEach((picture, i) => {
			const lines = [before.querySelectorAll(".picture")[i], picture].map((one) => one.querySelector(".break"));
			if (lines[0] && lines[1]) lines[1].animate([{ transform: `translateX(${placed(lines[0]) - placed(lines[1])}px)` }, { transform: "none" }], { duration: 350, easing: "ease-out" });
			const old = new Map([...before.querySelectorAll(".picture")[i].querySelectorAll(".block")].map((block) => [key(block), block]));
			for (const block of picture.querySelectorAll(".block")) {
				const from = old.get(key(block)), at = (one, name) => `${one.getAttribute(name)}px`;
				const moved = from && { x: [at(from, "x"), at(block, "x")], width: [at(from, "width"), at(block, "width")] };
				if (!moved || moved.x[0] !== moved.x[1] || moved.width[0] !== moved.width[1])
					block.animate(moved || { opacity: [0, 1] }, { duration: 350, easing: "ease-out" });
			}
		});
	};

	/* ---- playing ---- */
	const pause = () => {
		clearInterval(timer);
		timer = 0;
		play.textContent = "▶ Play";
		play.setAttribute("aria-label", "Play the film");
	};
	const start = () => {
		if (forth.disabled) show(0);
		play.textContent = "❚❚ Pause";
		play.setAttribute("aria-label", "Pause the film");
		timer = setInterval(() => {
			step(1);
			if (forth.disabled) pause();
		}, Math.max(150, Math.min(1000, 20000 / frames.length)));
	};
	const toggle = () => timer ? pause() : start();

	/* ---- blocks and lines ---- */
	const size = (bytes) => {
		const units = ["bytes", "KiB", "MiB", "GiB", "TiB"], exact = `${bytes.toLocaleString("en")} bytes`;
		let at = 0, value = bytes;
		for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
		return at ? `${exact} (${Number(value.toPrecision(4))} ${units[at]})` : exact;
	};
	const claim = film.id.replace(/-film\d+$/, "");
	const point = (block) => {
		for (const lit of film.querySelectorAll(".lit")) lit.classList.remove("lit");
		pointed.textContent = hint;
		if (!block) return;
		const { bytes, line, state } = block.dataset, from = Number(block.dataset.start);
		block.classList.add("lit");
		const address = `the heap's start ${from < 0 ? "-" : "+"} 0x${Math.abs(from).toString(16)}`;
		pointed.textContent = `${state[0].toUpperCase()}${state.slice(1)}: ${size(Number(bytes))} at ${address}.`;
		if (!line) return;
		const text = document.getElementById(`${claim}-L${line}`)?.textContent.trim();
		pointed.textContent += ` Allocated by line ${line}${text ? `: ${text}` : ""}`;
		for (const one of now.querySelectorAll(`pre [data-line="${line}"]`)) one.classList.add("lit");
	};
	const light = (line) => {
		point(null);
		for (const block of now.querySelectorAll(`.block[data-line="${line}"]`)) block.classList.add("lit");
	};
	const over = (event) => {
		const block = event.target.closest(".block"), line = event.target.closest("pre [data-line]");
		if (block) point(block);
		else if (line) light(line.dataset.line);
		else if (film.querySelector(".lit")) point(null);
	};
	const choose = (picture, by) => {
		const blocks = [...picture.querySelectorAll(".block")].sort((a, b) => a.dataset.start - b.dataset.start);
		const at = blocks.findIndex((block) => block.classList.contains("lit"));
		if (!blocks.length) return;
		point(blocks[at < 0 ? (by > 0 ? 0 : blocks.length - 1) : Math.max(0, Math.min(blocks.length - 1, at + by))]);
		live.textContent = pointed.textContent;
	};

	/* ---- what the reader does ---- */
	const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
	slider.max = frames.length - 1;
	slider.addEventListener("input", () => { pause(); show(Number(slider.value)); });
	back.addEventListener("click", () => { pause(); step(-1); });
	forth.addEventListener("click", () => { pause(); step(1); });
	play.addEventListener("click", toggle);
	for (const strip of film.querySelectorAll(".index > div"))
		strip.addEventListener("click", (event) => {
			const box = strip.getBoundingClientRect();
			pause();
			show(Math.floor((event.clientX - box.left) / box.width * frames.length));
		});
	film.addEventListener("pointerover", over);
	film.addEventListener("pointerleave", () => point(null));
	film.addEventListener("focusin", over);
	film.addEventListener("keydown", (event) => {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const picture = event.target.closest(".picture");
		if (event.key === " " && !event.target.closest("button, a, summary")) toggle();
		else if (picture && (event.key === "ArrowUp" || event.key === "ArrowDown")) choose(picture, event.key === "ArrowDown" ? 1 : -1);
		else if (event.key in steps) { pause(); step(steps[event.key]); }
		else return;
		event.preventDefault();
		event.stopPropagation();
	});
	const follow = () => { // a link to a stage shows that stage
		const at = frames.findIndex((frame) => "#" + frame.id === location.hash);
		if (at < 0) return;
		show(at, true);
		film.scrollIntoView();
	};
	film.classList.add("plays");
	show(0, true);
	follow();
	addEventListener("hashchange", follow);
}
