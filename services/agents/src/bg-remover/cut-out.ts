import { cleanMask } from './clean-mask.ts';
import { applyEdge, bandOf, fittedEdge, smoothEdge } from './edge.ts';
import type { OpenCv } from './opencv.ts';
import type { Size } from './plane.ts';
import { QUALITY_SETTINGS, type Quality, type QualitySettings } from './quality.ts';
import { findSubject, type Picture, refineSubject } from './segment.ts';

/** A reduced copy: red, green, blue, opacity; 4 bytes a pixel. */
export interface Copy extends Size {
  readonly rgba: Uint8Array;
}

export interface CutOutRequest extends Size {
  readonly quality: Quality;
  /** The full-size image; its opacity is changed in place. */
  readonly rgba: Uint8Array;
  readonly copy: Copy;
  /** The larger copy for the second pass, where the quality has one. */
  readonly bandCopy: Copy | null;
}

export interface CutOut {
  /** Share of the area that stays, 0 to 1; null when nothing stands out from the border. */
  readonly foregroundShare: number | null;
}

/** Opacity below this, of 255, counts as transparent. */
const HARDLY_VISIBLE = 16;
/** Less than this is dust. */
const SMALLEST_SUBJECT = 0.001;

/** Finds the subject and makes everything else transparent. Blocks its thread. */
export function cutOut(cv: OpenCv, request: CutOutRequest): CutOut {
  const settings = QUALITY_SETTINGS[request.quality];
  if (isCutOutAlready(request.copy)) return { foregroundShare: visibleShare(request.rgba) };

  const picture = toPicture(request.copy);
  const found = findSubject(cv, picture, settings.iterations);
  if (found === null) return { foregroundShare: null };
  const mask = cleanMask(found, picture);
  if (mask.reduce((sum, value) => sum + value, 0) < SMALLEST_SUBJECT * mask.length) return { foregroundShare: null };

  const edge =
    settings.edge === 'smooth'
      ? smoothEdge(mask, picture)
      : request.bandCopy === null
        ? fittedEdge({ rgb: picture.rgb, mask, size: picture, radius: settings.edgeRadius, fullWidth: request.width })
        : secondPass(cv, {
            mask,
            size: picture,
            picture: toPicture(request.bandCopy),
            settings,
            fullWidth: request.width,
          });
  return { foregroundShare: applyEdge(edge, request.rgba, request) };
}

interface SecondPass {
  readonly mask: Uint8Array;
  readonly size: Size;
  readonly picture: Picture;
  readonly settings: QualitySettings;
  readonly fullWidth: number;
}

function secondPass(cv: OpenCv, { mask, size, picture, settings, fullWidth }: SecondPass) {
  const subject = enlarge(mask, size, picture);
  const reach = Math.ceil((3 * picture.width) / size.width);
  const band = bandOf(subject, picture, reach);
  const refined = refineSubject(cv, picture, { subject, band, iterations: settings.bandIterations });
  return fittedEdge({
    rgb: picture.rgb,
    mask: cleanMask(refined, picture),
    size: picture,
    radius: settings.edgeRadius,
    fullWidth,
  });
}

/**
 * Who sends an image whose border is mostly transparent has removed the background already: its opacity stands. Searching once more would only
 * eat into the subject.
 */
function isCutOutAlready({ rgba, width, height }: Copy): boolean {
  let border = 0;
  let transparent = 0;
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      border++;
      if ((rgba[4 * (y * width + x) + 3] as number) < HARDLY_VISIBLE) transparent++;
    }
  }
  return transparent >= border / 2;
}

function visibleShare(rgba: Uint8Array): number | null {
  let opacity = 0;
  for (let at = 3; at < rgba.length; at += 4) {
    const alpha = rgba[at] as number;
    opacity += alpha;
    if (alpha === 0) rgba.fill(0, at - 3, at);
  }
  return opacity === 0 ? null : (opacity * 4) / (255 * rgba.length);
}

function toPicture({ rgba, width, height }: Copy): Picture {
  const rgb = new Uint8Array(width * height * 3);
  const visible = new Uint8Array(width * height);
  for (let pixel = 0; pixel < visible.length; pixel++) {
    rgb.set(rgba.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
    visible[pixel] = (rgba[4 * pixel + 3] as number) >= HARDLY_VISIBLE ? 1 : 0;
  }
  return { width, height, rgb, visible: visible.includes(0) ? visible : null };
}

function enlarge(mask: Uint8Array, from: Size, to: Size): Uint8Array {
  const large = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++) {
      large[y * to.width + x] = mask[row + Math.floor(((x + 0.5) * from.width) / to.width)] as number;
    }
  }
  return large;
}
