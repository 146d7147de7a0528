/* SPDX-License-Identifier: MIT */
/* Turns a strip of stages into a player: one stage at a time, a slider, arrow keys. */
"use strict";
for (const film of document.querySelectorAll(".film")) {
	const frames = [...film.querySelectorAll(":scope > ol > li")];
	const slider = film.querySelector("input"), live = film.querySelector("[aria-live]");
	const [back, forth] = film.querySelectorAll("button");
	let now = frames[0];
	const show = (at, quietly) => {
		at = Math.max(0, Math.min(frames.length - 1, at));
		const left = [...now.querySelectorAll(".picture")].map((picture) => picture.scrollLeft);
		now = frames[at];
		frames.forEach((frame, i) => frame.classList.toggle("now", i === at));
		now.querySelectorAll(".picture").forEach((picture, i) => { picture.scrollLeft = left[i]; }); // on a phone: look at the same place
		const told = now.dataset.told;
		slider.value = at;
		slider.setAttribute("aria-valuetext", told);
		back.disabled = at === 0;
		forth.disabled = at === frames.length - 1;
		live.textContent = quietly ? "" : [told, ...[...now.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"))].join(". ");
	};
	const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
	slider.max = frames.length - 1;
	slider.addEventListener("input", () => show(Number(slider.value)));
	back.addEventListener("click", () => show(Number(slider.value) - 1));
	forth.addEventListener("click", () => show(Number(slider.value) + 1));
	film.addEventListener("keydown", (event) => {
		if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
		const within = event.target.closest(".picture, pre");
		if (within && within.scrollWidth > within.clientWidth) return; // there they scroll
		event.preventDefault();
		show(Number(slider.value) + steps[event.key]);
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
