// Dark, light, or as the system; the choice is kept in this browser where it may be.

const NEXT = { system: "dark", dark: "light", light: "system" };

export function followTheme(button) {
	const kept = attempt(() => localStorage.getItem("theme"));
	let theme = kept in NEXT ? kept : "system";
	const show = () => {
		document.documentElement.dataset.theme = theme;
		button.ariaLabel = button.title = `Colours: ${theme}`;
	};
	button.onclick = () => {
		theme = NEXT[theme];
		attempt(() => localStorage.setItem("theme", theme));
		show();
	};
	show();
}

function attempt(action) {
	try {
		return action();
	} catch {
		return null; // storage may be forbidden
	}
}
