const COMPONENTS = 5;
/** OpenCV's layout of a colour model: 5 weights, 5 means of 3, 5 covariances of 9. */
export const MIXTURE_LENGTH = COMPONENTS * (1 + 3 + 9);
const MAX_SAMPLES = 6_000;
const ROUNDS = 8;

/**
 * Five colours with their spread that describe the chosen pixels, in OpenCV's layout. Made here and not by OpenCV, because its own k-means
 * draws from one random generator per process: the same image would be cut differently depending on what was cut before it.
 */
export function fitMixture(lab: Uint8Array, isChosen: (pixel: number) => boolean): Float64Array | null {
  const samples = pickSamples(lab, isChosen);
  const count = samples.length / 3;
  if (count === 0) return null;
  const centres = spreadCentres(samples);
  const owners = new Uint8Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    assign(samples, centres, owners);
    moveCentres(samples, centres, owners);
  }
  assign(samples, centres, owners);
  return describe(samples, owners);
}

function pickSamples(lab: Uint8Array, isChosen: (pixel: number) => boolean): Float64Array {
  const chosen: number[] = [];
  for (let pixel = 0; pixel < lab.length / 3; pixel++) if (isChosen(pixel)) chosen.push(pixel);
  const count = Math.min(MAX_SAMPLES, chosen.length);
  const samples = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) {
    const pixel = chosen[Math.floor((i * chosen.length) / count)] as number;
    for (let channel = 0; channel < 3; channel++) samples[3 * i + channel] = lab[3 * pixel + channel] as number;
  }
  return samples;
}

/** The mean first, then each time the sample farthest from all centres, outliers damped by taking the 98th percentile. */
function spreadCentres(samples: Float64Array): Float64Array {
  const count = samples.length / 3;
  const centres = new Float64Array(COMPONENTS * 3);
  for (let i = 0; i < samples.length; i++) {
    centres[i % 3] = (centres[i % 3] as number) + (samples[i] as number) / count;
  }
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let component = 1; component < COMPONENTS; component++) {
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i] as number, squaredDistance(samples, i, centres, component - 1));
    }
    const order = Array.from(nearest.keys()).sort((a, b) => (nearest[a] as number) - (nearest[b] as number));
    const far = order[Math.floor((count - 1) * 0.98)] as number;
    for (let channel = 0; channel < 3; channel++) {
      centres[3 * component + channel] = samples[3 * far + channel] as number;
    }
  }
  return centres;
}

function assign(samples: Float64Array, centres: Float64Array, owners: Uint8Array): void {
  for (let i = 0; i < owners.length; i++) {
    let best = Number.POSITIVE_INFINITY;
    for (let component = 0; component < COMPONENTS; component++) {
      const distance = squaredDistance(samples, i, centres, component);
      if (distance < best) {
        best = distance;
        owners[i] = component;
      }
    }
  }
}

function squaredDistance(samples: Float64Array, i: number, centres: Float64Array, component: number): number {
  let sum = 0;
  for (let channel = 0; channel < 3; channel++) {
    const difference = (samples[3 * i + channel] as number) - (centres[3 * component + channel] as number);
    sum += difference * difference;
  }
  return sum;
}

function moveCentres(samples: Float64Array, centres: Float64Array, owners: Uint8Array): void {
  const sums = new Float64Array(COMPONENTS * 3);
  const counts = new Float64Array(COMPONENTS);
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i] as number;
    counts[owner] = (counts[owner] as number) + 1;
    for (let channel = 0; channel < 3; channel++) {
      sums[3 * owner + channel] = (sums[3 * owner + channel] as number) + (samples[3 * i + channel] as number);
    }
  }
  for (let at = 0; at < sums.length; at++) {
    const count = counts[Math.floor(at / 3)] as number;
    if (count > 0) centres[at] = (sums[at] as number) / count;
  }
}

function describe(samples: Float64Array, owners: Uint8Array): Float64Array {
  const model = new Float64Array(MIXTURE_LENGTH);
  const means = model.subarray(COMPONENTS, COMPONENTS * 4);
  const covariances = model.subarray(COMPONENTS * 4);
  moveCentres(samples, means, owners);
  const counts = new Float64Array(COMPONENTS);
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i] as number;
    counts[owner] = (counts[owner] as number) + 1;
    for (let cell = 0; cell < 9; cell++) {
      const [row, column] = [Math.floor(cell / 3), cell % 3];
      const left = (samples[3 * i + row] as number) - (means[3 * owner + row] as number);
      const right = (samples[3 * i + column] as number) - (means[3 * owner + column] as number);
      covariances[9 * owner + cell] = (covariances[9 * owner + cell] as number) + left * right;
    }
  }
  for (let component = 0; component < COMPONENTS; component++) {
    const count = counts[component] as number;
    model[component] = count / owners.length;
    for (let cell = 0; cell < 9; cell++) {
      const at = 9 * component + cell;
      const spread = count > 0 ? (covariances[at] as number) / count : 0;
      // Never flat: a colour without any spread could not be told apart by degree, and its inverse would not exist.
      covariances[at] = spread + (cell % 4 === 0 ? 1 : 0);
    }
  }
  return model;
}
