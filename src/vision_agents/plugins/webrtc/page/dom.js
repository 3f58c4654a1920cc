// The page's elements, and making new ones without markup in strings.

export const $ = (id) => document.getElementById(id);

/** Make an element of properties, or a text, and children. */
export function make(tag, properties = {}, ...children) {
	const given = typeof properties === "object" ? properties : { textContent: properties };
	const element = Object.assign(document.createElement(tag), given);
	element.append(...children.filter(Boolean));
	return element;
}

export function icon(name) {
	const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
	use.setAttribute("href", `#i-${name}`);
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.append(use);
	return svg;
}

export const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
export const millis = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : seconds(ms));
