// The agent, drawn: a body that breathes, turns and speaks, inside a ring of the user's voice.

// size, wobble, speed, turn, glow
const LOOKS = {
	idle: [0.5, 0.025, 0.25, 0.05, 0.07],
	listening: [0.54, 0.035, 0.45, 0.1, 0.11],
	thinking: [0.44, 0.1, 1.5, 1.1, 0.14],
	speaking: [0.55, 0.035, 1, 0.25, 0.2],
};
const LAYERS = 4;
const POINTS = 56;
const TICKS = 72;
const FRAME_MS = 30;

export class Orb {
	state = "idle";
	#canvas;
	#pen;
	#look = LOOKS.idle;
	#voice = 0;
	#phase = 0;
	#angle = 0;
	#drawn = 0;
	#still = matchMedia("(prefers-reduced-motion: reduce)");
	#ticks = new Float32Array(TICKS);

	constructor(canvas) {
		this.#canvas = canvas;
		this.#pen = canvas.getContext("2d");
	}

	draw(now, { you, agent }) {
		const passed = now - this.#drawn;
		const width = Math.round(this.#canvas.clientWidth * Math.min(devicePixelRatio, 2));
		if (passed < FRAME_MS || !width) return;
		this.#drawn = now;
		this.#move(Math.min(passed, 100) / 1000, agent?.level ?? 0);
		if (this.#canvas.width !== width) this.#canvas.width = this.#canvas.height = width;
		const { accentColor, color } = getComputedStyle(this.#canvas);
		const radius = width / 2;
		this.#pen.setTransform(1, 0, 0, 1, radius, radius);
		this.#pen.clearRect(-radius, -radius, width, width);
		this.#pen.fillStyle = this.#light(0, radius, accentColor);
		this.#pen.globalAlpha = this.#look[4] * (1 + this.#voice);
		this.#pen.fillRect(-radius, -radius, width, width);
		this.#drawBody(radius, accentColor);
		this.#drawRing(radius, accentColor, color, you);
	}

	#move(passed, level) {
		this.#look = this.#look.map((now, index) => now + (LOOKS[this.state][index] - now) * (1 - Math.exp(-passed * 5)));
		this.#voice += (level - this.#voice) * (1 - Math.exp(-passed * 18));
		if (this.#still.matches) return;
		const [, , speed, turn] = this.#look;
		this.#phase += passed * (speed + this.#voice * 2);
		this.#angle += passed * turn;
	}

	#light(off, radius, colour) {
		const light = this.#pen.createRadialGradient(-off, -off, 0, -off, -off, radius);
		light.addColorStop(0, colour);
		light.addColorStop(1, `rgb(from ${colour} r g b / 0)`);
		return light;
	}

	#drawBody(radius, accent) {
		const [share, unrest] = this.#look;
		const size = radius * share * (1 + Math.sin(this.#phase * 1.6) * 0.018);
		for (let layer = LAYERS - 1; layer >= 0; layer--) {
			const wobble = unrest * (1 + layer * 0.5) + this.#voice * 0.03;
			this.#outline(size * (1 - layer * 0.04 + this.#voice * (0.1 + layer * 0.05)), wobble, layer);
			const shade = this.#pen.createLinearGradient(-size, -size, size, size);
			shade.addColorStop(0, accent);
			shade.addColorStop(1, `color-mix(in oklab, ${accent} 55%, #0b3d54)`);
			this.#pen.globalAlpha = layer ? 0.26 : 1;
			this.#pen.fillStyle = shade;
			this.#pen.fill();
		}
		this.#pen.globalAlpha = 0.32;
		this.#pen.fillStyle = this.#light(size * 0.4, size * 0.9, "#fff");
		this.#pen.fill();
	}

	#outline(size, wobble, layer) {
		const points = Array.from({ length: POINTS }, (_, index) => {
			const at = (index / POINTS) * Math.PI * 2;
			const turned = at + this.#angle * (layer % 2 ? -1 : 1) + layer;
			const wave = Math.sin(turned * 2 + this.#phase) + 0.6 * Math.sin(turned * 3 - this.#phase * 1.3);
			const reach = size * (1 + wobble * wave * 0.6);
			return [Math.cos(at) * reach, Math.sin(at) * reach];
		});
		this.#pen.beginPath();
		points.forEach(([x, y], index) => {
			const [nextX, nextY] = points[(index + 1) % POINTS];
			this.#pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
		});
		this.#pen.closePath();
	}

	#drawRing(radius, accent, plain, you) {
		const inner = radius * 0.83;
		this.#pen.lineWidth = Math.max(1.5, radius * 0.011);
		this.#pen.lineCap = "round";
		this.#ticks.forEach((before, tick) => {
			const band = 2 + Math.min(tick, TICKS - 1 - tick);
			const loud = you ? (you.spectrum[band] / 255) * Math.min(1, you.level * 1.6) : 0;
			const length = before + (loud - before) * (loud > before ? 0.7 : 0.2);
			const angle = ((tick + 0.5) / TICKS) * Math.PI * 2 + Math.PI / 2;
			const outer = inner + radius * (0.012 + length * 0.14);
			this.#ticks[tick] = length;
			this.#pen.globalAlpha = 0.2 + length * 0.8;
			this.#pen.strokeStyle = length > 0.04 ? accent : plain;
			this.#pen.beginPath();
			this.#pen.moveTo(Math.cos(angle) * inner, Math.sin(angle) * inner);
			this.#pen.lineTo(Math.cos(angle) * outer, Math.sin(angle) * outer);
			this.#pen.stroke();
		});
	}
}
