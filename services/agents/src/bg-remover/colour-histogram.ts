const STEPS = 32;
const BINS = STEPS ** 3;

/** The bin of each pixel's colour; `lab` is 3 bytes a pixel. */
export function colourBins(lab: Uint8Array): Uint16Array {
  const bins = new Uint16Array(lab.length / 3);
  for (let pixel = 0, at = 0; pixel < bins.length; pixel++, at += 3) {
    const lightness = (lab[at] as number) >> 3;
    bins[pixel] = (lightness * STEPS + chromaStep(lab[at + 1] as number)) * STEPS + chromaStep(lab[at + 2] as number);
  }
  return bins;
}

/** The chroma of photographs fills the middle half of its range: finer steps there. */
function chromaStep(value: number): number {
  return Math.min(STEPS - 1, Math.max(0, (value - 64) >> 2));
}

/** The share of each colour among the pixels that count, blurred so that a colour lends weight to its neighbours. */
export function histogram(bins: Uint16Array, isCounted: (pixel: number) => boolean): Float32Array {
  let shares: Float32Array = new Float32Array(BINS);
  let total = 0;
  for (let pixel = 0; pixel < bins.length; pixel++) {
    if (!isCounted(pixel)) continue;
    const bin = bins[pixel] as number;
    shares[bin] = (shares[bin] as number) + 1;
    total++;
  }
  for (const stride of [1, STEPS, STEPS * STEPS]) shares = blurAlong(shares, stride);
  return total === 0 ? shares : shares.map((count) => count / total);
}

/** A quarter of each bin goes to either neighbour on one of the three axes. */
function blurAlong(shares: Float32Array, stride: number): Float32Array {
  const result = new Float32Array(BINS);
  for (let bin = 0; bin < BINS; bin++) {
    const share = shares[bin] as number;
    if (share === 0) continue;
    const step = Math.floor(bin / stride) % STEPS;
    const before = step > 0 ? bin - stride : bin;
    const after = step < STEPS - 1 ? bin + stride : bin;
    result[bin] = (result[bin] as number) + share / 2;
    result[before] = (result[before] as number) + share / 4;
    result[after] = (result[after] as number) + share / 4;
  }
  return result;
}
