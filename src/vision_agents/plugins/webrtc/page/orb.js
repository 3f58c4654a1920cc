// The agent, drawn: a body of layers that breathes, turns and speaks, inside a ring of the user's voice.

const LOOKS = {
  idle: { size: 0.5, wobble: 0.025, speed: 0.25, turn: 0.05, glow: 0.25 },
  listening: { size: 0.54, wobble: 0.035, speed: 0.45, turn: 0.1, glow: 0.4 },
  thinking: { size: 0.44, wobble: 0.1, speed: 1.5, turn: 1.1, glow: 0.5 },
  speaking: { size: 0.55, wobble: 0.035, speed: 1.0, turn: 0.25, glow: 0.75 },
};
const LAYERS = 4;
const POINTS = 56;
const TICKS = 72;
const FRAME_MS = 30;

const clear = (colour) => `rgb(from ${colour} r g b / 0)`;

export class Orb {
  state = "idle";
  #canvas;
  #pen;
  #look = { ...LOOKS.idle };
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
    if (passed < FRAME_MS || !this.#canvas.clientWidth) return;
    this.#drawn = now;
    this.#move(Math.min(passed, 100) / 1000, agent?.level ?? 0);
    this.#fit();
    const styles = getComputedStyle(this.#canvas);
    const radius = this.#canvas.width / 2;
    this.#pen.setTransform(1, 0, 0, 1, radius, radius);
    this.#pen.clearRect(-radius, -radius, radius * 2, radius * 2);
    this.#drawGlow(radius, styles.accentColor);
    this.#drawBody(radius, styles.accentColor);
    this.#drawRing(radius, styles.accentColor, styles.color, you);
  }

  #move(passed, level) {
    const goal = LOOKS[this.state] ?? LOOKS.idle;
    const ease = 1 - Math.exp(-passed * 5);
    for (const key of Object.keys(goal)) this.#look[key] += (goal[key] - this.#look[key]) * ease;
    this.#voice += (level - this.#voice) * (1 - Math.exp(-passed * 18));
    if (this.#still.matches) return;
    this.#phase += passed * (this.#look.speed + this.#voice * 2);
    this.#angle += passed * this.#look.turn;
  }

  #fit() {
    const size = Math.round(this.#canvas.clientWidth * Math.min(devicePixelRatio, 2));
    if (this.#canvas.width !== size) this.#canvas.width = this.#canvas.height = size;
  }

  #drawGlow(radius, accent) {
    const glow = this.#pen.createRadialGradient(0, 0, radius * 0.2, 0, 0, radius);
    glow.addColorStop(0, accent);
    glow.addColorStop(1, clear(accent));
    this.#pen.globalAlpha = this.#look.glow * (0.28 + this.#voice * 0.3);
    this.#pen.fillStyle = glow;
    this.#pen.fillRect(-radius, -radius, radius * 2, radius * 2);
  }

  #drawBody(radius, accent) {
    const moves = this.#still.matches ? 0.6 : 1;
    const breath = 1 + Math.sin(this.#phase * 1.6) * 0.018;
    for (let layer = LAYERS - 1; layer >= 0; layer--) {
      const size = radius * this.#look.size * breath * (1 - layer * 0.04 + this.#voice * (0.1 + layer * 0.05) * moves);
      const wobble = this.#look.wobble * (1 + layer * 0.5) + this.#voice * 0.03 * moves;
      this.#outline(size, wobble, layer);
      const shade = this.#pen.createLinearGradient(-size, -size, size, size);
      shade.addColorStop(0, accent);
      shade.addColorStop(1, `color-mix(in oklab, ${accent} 55%, #0b3d54)`);
      this.#pen.globalAlpha = layer ? 0.26 : 1;
      this.#pen.fillStyle = shade;
      this.#pen.fill();
    }
    const light = radius * this.#look.size;
    const sheen = this.#pen.createRadialGradient(-light * 0.35, -light * 0.45, 0, -light * 0.3, -light * 0.4, light * 0.9);
    sheen.addColorStop(0, "#fff");
    sheen.addColorStop(1, "#fff0");
    this.#pen.globalAlpha = 0.32;
    this.#pen.fillStyle = sheen;
    this.#pen.fill();
  }

  #outline(size, wobble, layer) {
    const points = Array.from({ length: POINTS }, (_, index) => {
      const at = (index / POINTS) * Math.PI * 2;
      const turned = at + this.#angle * (layer % 2 ? -1 : 1);
      const wave = Math.sin(turned * 2 + this.#phase + layer) + 0.6 * Math.sin(turned * 3 - this.#phase * 1.3 + layer * 2);
      const reach = size * (1 + (wobble * wave) / 1.6);
      return [Math.cos(at) * reach, Math.sin(at) * reach];
    });
    this.#pen.beginPath();
    points.forEach(([x, y], index) => {
      const [nextX, nextY] = points[(index + 1) % POINTS];
      if (index === 0) this.#pen.moveTo((x + points[POINTS - 1][0]) / 2, (y + points[POINTS - 1][1]) / 2);
      this.#pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    });
    this.#pen.closePath();
  }

  #drawRing(radius, accent, plain, you) {
    const inner = radius * 0.83;
    this.#pen.lineWidth = Math.max(1.5, radius * 0.011);
    this.#pen.lineCap = "round";
    for (let tick = 0; tick < TICKS; tick++) {
      const mirrored = tick < TICKS / 2 ? tick : TICKS - 1 - tick;
      const loud = you ? (you.spectrum[2 + mirrored] / 255) * Math.min(1, you.level * 1.6) : 0;
      this.#ticks[tick] += (loud - this.#ticks[tick]) * (loud > this.#ticks[tick] ? 0.7 : 0.2);
      const angle = ((tick + 0.5) / TICKS) * Math.PI * 2 + Math.PI / 2;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      const length = radius * (0.012 + this.#ticks[tick] * 0.14);
      this.#pen.globalAlpha = 0.2 + this.#ticks[tick] * 0.8;
      this.#pen.strokeStyle = this.#ticks[tick] > 0.04 ? accent : plain;
      this.#pen.beginPath();
      this.#pen.moveTo(x * inner, y * inner);
      this.#pen.lineTo(x * (inner + length), y * (inner + length));
      this.#pen.stroke();
    }
    this.#pen.globalAlpha = 1;
  }
}
