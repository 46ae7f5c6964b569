/** Width and height of a picture, pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Mean over a square of `2 * radius + 1`, cut off at the borders; the time does not depend on the radius. */
export function boxMean(plane: Float32Array, { width, height }: Size, radius: number): Float32Array {
  const rows = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) meanAlong(plane, rows, y * width, 1, width, radius);
  const result = new Float32Array(plane.length);
  for (let x = 0; x < width; x++) meanAlong(rows, result, x, width, height, radius);
  return result;
}

function meanAlong(from: Float32Array, to: Float32Array, start: number, step: number, length: number, radius: number) {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < Math.min(radius, length); i++) {
    sum += from[start + i * step] as number;
    count++;
  }
  for (let i = 0; i < length; i++) {
    const entering = i + radius;
    const leaving = i - radius - 1;
    if (entering < length) {
      sum += from[start + entering * step] as number;
      count++;
    }
    if (leaving >= 0) {
      sum -= from[start + leaving * step] as number;
      count--;
    }
    to[start + i * step] = sum / count;
  }
}
