import sharp from 'sharp';

/** A picture whose subject is known exactly. */
export interface Composite {
  readonly name: string;
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
  /** Share of each pixel that the subject covers, 0 to 1. */
  readonly coverage: Float32Array;
  readonly area: number;
}

type Rgb = readonly [number, number, number];
/** Whether the subject covers a point; x and y run from 0 to 1 over the picture's height, x to 4/3. */
type Shape = (x: number, y: number) => boolean;
type Paint = (x: number, y: number) => Rgb;
type Background = (random: () => number, colours: readonly Rgb[]) => Paint;

/** Six shapes on four backgrounds. */
export const COMPOSITE_COUNT = 24;

/** The picture of that number, 0 to 23, at 4:3; the same every time. */
export async function makeComposite(number: number, height = 480): Promise<Composite> {
  const [shapeName, shape] = Object.entries(SHAPES)[Math.floor(number / 4)] as [string, Shape];
  const [backgroundName, background] = Object.entries(BACKGROUNDS)[number % 4] as [string, Background];
  const { width, pixels, coverage } = compose({ shape, background, height, random: createRandom(number + 1) });
  const raw = { width, height, channels: 3 } as const;
  const png = await sharp(pixels, { raw }).png({ compressionLevel: 1 }).toBuffer();
  const area = coverage.reduce((sum, share) => sum + share, 0) / coverage.length;
  return { name: `${shapeName} on ${backgroundName}`, png, width, height, coverage, area };
}

/** Mulberry32: small, fast, the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const inEllipse = (x: number, y: number, cx: number, cy: number, rx: number, ry: number): boolean =>
  ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;

const nearLine = (x: number, y: number, [ax, ay, bx, by]: readonly number[], width: number): boolean => {
  const [dx, dy] = [(bx as number) - (ax as number), (by as number) - (ay as number)];
  const along = ((x - (ax as number)) * dx + (y - (ay as number)) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - (ax as number) - t * dx, y - (ay as number) - t * dy) < width / 2;
};

const LEGS = [-0.9, -0.45, 0.1, 0.6].flatMap((angle) =>
  [1, -1].map((side) => [0.67, 0.5, 0.67 + side * 0.5 * Math.cos(angle), 0.5 + 0.42 * Math.sin(angle)]),
);

const SHAPES: Readonly<Record<string, Shape>> = {
  blob: (x, y) => {
    const angle = Math.atan2(y - 0.5, x - 0.67);
    return Math.hypot(x - 0.67, y - 0.5) < 0.34 + 0.05 * Math.sin(3 * angle) + 0.03 * Math.cos(7 * angle);
  },
  ring: (x, y) => {
    const distance = Math.hypot(x - 0.66, y - 0.5);
    return distance < 0.42 && distance > 0.21;
  },
  insect: (x, y) =>
    inEllipse(x, y, 0.67, 0.5, 0.16, 0.3) ||
    LEGS.some((leg) => nearLine(x, y, leg, 0.022)) ||
    nearLine(x, y, [0.67, 0.3, 0.6, 0.06], 0.018),
  corner: (x, y) => (x > 0.1 && x < 0.52 && y > 0.08 && y < 0.52) || inEllipse(x, y, 0.31, 0.5, 0.21, 0.1),
  bust: (x, y) => inEllipse(x, y, 0.72, 0.36, 0.17, 0.22) || (inEllipse(x, y, 0.72, 1.02, 0.4, 0.48) && y > 0.5),
  large: (x, y) => {
    const [u, v] = [x - 0.667, y - 0.5];
    return Math.abs(u) ** 3 / 0.54 ** 3 + Math.abs(v) ** 3 / 0.42 ** 3 < 1 && !inEllipse(x, y, 0.667, 0.05, 0.16, 0.2);
  },
};

const BACKGROUNDS: Readonly<Record<string, Background>> = {
  noise: (random, [a, b]) => {
    const cloud = createCloud(random, 40);
    return (x, y) => jitter(blend(a as Rgb, b as Rgb, cloud(x, y)), random, 40);
  },
  'gradient and texture': (random, [a, b]) => {
    const weave = 60 + 40 * random();
    return (x, y) => {
      const wave = 9 * Math.sin(weave * x * 2.1) * Math.sin(weave * y * 1.7);
      return jitter(lighten(blend(a as Rgb, b as Rgb, 0.3 * x + 0.55 * y), wave), random, 12);
    };
  },
  stripes: (random, [a, b, c]) => {
    const angle = random() * Math.PI;
    const period = 0.06 + 0.05 * random();
    return (x, y) => {
      const phase = Math.floor((x * Math.cos(angle) + y * Math.sin(angle) + 9) / period) % 4;
      return jitter(phase === 0 ? (a as Rgb) : phase === 2 ? (c as Rgb) : (b as Rgb), random, 16);
    };
  },
  'checker and clutter': (random, [a, b, c]) => {
    const cell = 0.07 + 0.04 * random();
    const discs = Array.from({ length: 40 }, () => [random() * 1.333, random(), 0.012 + 0.03 * random()] as const);
    return (x, y) => {
      if (discs.some(([cx, cy, r]) => (x - cx) ** 2 + (y - cy) ** 2 < r * r)) return jitter(c as Rgb, random, 16);
      const even = (Math.floor(x / cell) + Math.floor(y / cell)) % 2 === 0;
      return jitter(even ? (a as Rgb) : (b as Rgb), random, 16);
    };
  },
};

interface Recipe {
  readonly shape: Shape;
  readonly background: Background;
  readonly height: number;
  readonly random: () => number;
}

function compose({ shape, background, height, random }: Recipe) {
  const width = Math.round((height * 4) / 3);
  const hue = random() * 360;
  // The background keeps to a third of the colour circle, the subject to another one; lightness is anything for both.
  const paintBackground = background(
    random,
    [0, 40, 80].map((shift) => colour(hue + shift, 0.25 + 0.4 * random(), 0.3 + 0.45 * random())),
  );
  const paintSubject = subject(
    random,
    [170, 195].map((shift) => colour(hue + shift + 60 * random(), 0.35 + 0.4 * random(), 0.3 + 0.45 * random())),
  );
  const pixels = Buffer.alloc(width * height * 3);
  const coverage = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const share = covered(shape, column, row, height);
      const [x, y] = [(column + 0.5) / height, (row + 0.5) / height];
      const mixed = blend(paintBackground(x, y), paintSubject(x, y), share);
      coverage[at] = share;
      for (let channel = 0; channel < 3; channel++) pixels[3 * at + channel] = clamp(mixed[channel] as number);
    }
  }
  return { width, pixels, coverage };
}

/** Two clouded colours of its own, lit from above, grainy. */
function subject(random: () => number, [a, b]: readonly Rgb[]): Paint {
  const cloud = createCloud(random, 9);
  return (x, y) => jitter(lighten(blend(a as Rgb, b as Rgb, cloud(x, y)), 40 * (0.5 - y)), random, 20);
}

/** Four by four points where the edge passes: it is as soft as a camera's. */
function covered(shape: Shape, column: number, row: number, height: number): number {
  const at = (x: number, y: number): boolean => shape((column + x) / height, (row + y) / height);
  const first = at(0, 0);
  if (first === at(1, 0) && first === at(0, 1) && first === at(1, 1)) return first ? 1 : 0;
  let hits = 0;
  for (let i = 0; i < 16; i++) {
    if (at(((i % 4) + 0.5) / 4, (Math.floor(i / 4) + 0.5) / 4)) hits++;
  }
  return hits / 16;
}

/** Smooth values between 0 and 1; `grain` cells over the height. */
function createCloud(random: () => number, grain: number): (x: number, y: number) => number {
  const columns = grain * 2;
  const values = Array.from({ length: columns * (grain + 2) }, random);
  return (x, y) => {
    const [u, v] = [x * grain, y * grain];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const at = (column: number, row: number): number => values[row * columns + column] as number;
    const top = at(i, j) + (at(i + 1, j) - at(i, j)) * (u - i);
    const bottom = at(i, j + 1) + (at(i + 1, j + 1) - at(i, j + 1)) * (u - i);
    return top + (bottom - top) * (v - j);
  };
}

function blend(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

function lighten(colour: Rgb, by: number): Rgb {
  return [colour[0] + by, colour[1] + by, colour[2] + by];
}

function jitter(colour: Rgb, random: () => number, strength: number): Rgb {
  const common = (random() - 0.5) * strength;
  return [
    colour[0] + common + (random() - 0.5) * strength,
    colour[1] + common + (random() - 0.5) * strength,
    colour[2] + common + (random() - 0.5) * strength,
  ];
}

function colour(hue: number, saturation: number, lightness: number): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number): number => {
    const k = (n + (((hue % 360) + 360) % 360) / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
