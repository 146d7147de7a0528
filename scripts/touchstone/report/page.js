/* SPDX-License-Identifier: MIT */
/* What the page can do beyond showing everything: filter the wall of claims, show a picture over the whole screen, copy
 * links and print everything.  Without this script all of it is shown. */
"use strict";
document.documentElement.classList.add("scripted");

/* ---- the wall: by verdict, and by words of question, claim and name ---- */
{
	const form = document.querySelector(".filters"), wall = document.querySelector(".wall"), search = form.querySelector("[type=search]"), shown = form.querySelector("output");
	const tiles = [...document.querySelectorAll(".tile")], groups = [...document.querySelectorAll(".group-of-tiles")];
	const words = new Map(tiles.map((tile) => [tile, `${tile.dataset.words} ${tile.textContent}`.toLowerCase()]));
	const filter = () => {
		const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean), { value } = form.elements.only;
		const matches = (tile) => (!value || tile.dataset.verdict === value || (value === "film" && "film" in tile.dataset)) &&
			wanted.every((word) => words.get(tile).includes(word));
		tiles.forEach((tile) => { tile.hidden = !matches(tile); });
		wall.classList.toggle("mixed", Boolean(value)); // few claims of each chapter: no headings between them
		groups.forEach((group) => { group.hidden = !group.querySelector(".tile:not([hidden])"); });
		shown.value = `${tiles.filter((tile) => !tile.hidden).length} of ${tiles.length} claims are shown`;
	};
	search.addEventListener("input", () => {
		if (search.value) form.elements.only.value = ""; // who searches, searches all
		filter();
	});
	form.addEventListener("change", filter);
	form.addEventListener("submit", (event) => event.preventDefault());
	filter();
}

/* ---- a picture over the whole screen, until a click or Escape ---- */
for (const button of document.querySelectorAll(".enlarge")) {
	const card = button.closest("figure").querySelector(".card");
	card.addEventListener("click", () => card.matches(":popover-open") && card.hidePopover());
	card.addEventListener("toggle", (event) => event.newState === "closed" && card.removeAttribute("popover"));
	button.addEventListener("click", () => {
		card.popover = "auto";
		card.showPopover();
	});
}

/* ---- the slider over what was measured with other values of a knob ---- */
for (const sweep of document.querySelectorAll(".sweep:has(input)")) {
	const slider = sweep.querySelector("input"), positions = [...sweep.querySelectorAll(":scope > ol > li")];
	const show = () => {
		positions.forEach((position, at) => position.classList.toggle("now", at === Number(slider.value)));
		slider.setAttribute("aria-valuetext", positions[slider.value].dataset.told);
	};
	sweep.classList.add("slides");
	slider.addEventListener("input", show);
	show();
}

/* ---- links to copy ---- */
for (const link of document.querySelectorAll(".copies")) {
	const title = link.title;
	link.addEventListener("click", () => navigator.clipboard?.writeText(link.href).then(() => {
		link.title = "Copied";
		link.classList.add("copied");
		setTimeout(() => { link.title = title; link.classList.remove("copied"); }, 1500);
	}, () => {})); // where nothing may be copied, the address bar has the link
}

/* ---- index.html?print=all ---- */
if (new URLSearchParams(location.search).get("print") === "all") document.querySelector("#print-all").checked = true;
