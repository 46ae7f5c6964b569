import type { Size } from './plane.ts';

/** A detached piece smaller than this share of the largest one is a speck of background that happens to have the subject's colour. */
const SMALLEST_PIECE = 0.02;
/** A hole smaller than this share of the image is a glint on the subject. */
const SMALLEST_HOLE = 0.0005;

/** The mask (1 is subject) without specks and pinholes. Thin parts stay: only whole pieces go. */
export function cleanMask(mask: Uint8Array, size: Size): Uint8Array {
  const cleaned = mask.slice();
  const pieces = findPieces(mask, size);
  const largest = pieces.reduce((most, { isSubject, pixels }) => (isSubject ? Math.max(most, pixels.length) : most), 0);
  for (const { isSubject, touchesFrame, pixels } of pieces) {
    const isSpeck = isSubject && pixels.length < SMALLEST_PIECE * largest;
    const isPinhole = !isSubject && !touchesFrame && pixels.length < SMALLEST_HOLE * mask.length;
    if (isSpeck || isPinhole) for (const pixel of pixels) cleaned[pixel] = isSubject ? 0 : 1;
  }
  return cleaned;
}

interface Piece {
  readonly isSubject: boolean;
  readonly touchesFrame: boolean;
  readonly pixels: Int32Array;
}

/** Connected regions of equal value; pixels that touch only by a corner do not connect. */
function findPieces(mask: Uint8Array, { width, height }: Size): readonly Piece[] {
  const pieces: Piece[] = [];
  const seen = new Uint8Array(mask.length);
  const stack = new Int32Array(mask.length);
  const found = new Int32Array(mask.length);
  for (let start = 0; start < mask.length; start++) {
    if (seen[start]) continue;
    const value = mask[start];
    let depth = 0;
    let count = 0;
    let touchesFrame = false;
    const visit = (pixel: number): void => {
      if (seen[pixel] || mask[pixel] !== value) return;
      seen[pixel] = 1;
      stack[depth++] = pixel;
    };
    visit(start);
    while (depth > 0) {
      const pixel = stack[--depth] as number;
      found[count++] = pixel;
      const x = pixel % width;
      const y = (pixel - x) / width;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) touchesFrame = true;
      if (x > 0) visit(pixel - 1);
      if (x < width - 1) visit(pixel + 1);
      if (y > 0) visit(pixel - width);
      if (y < height - 1) visit(pixel + width);
    }
    pieces.push({ isSubject: value === 1, touchesFrame, pixels: found.slice(0, count) });
  }
  return pieces;
}
