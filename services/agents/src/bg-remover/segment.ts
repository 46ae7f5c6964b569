import { estimateBackground } from './border-model.ts';
import { fitMixture, MIXTURE_LENGTH } from './mixture.ts';
import { type Mat, type OpenCv, withMats } from './opencv.ts';
import type { Size } from './plane.ts';

const SURE_BACKGROUND = 0;
const SURE_FOREGROUND = 1;
const PROBABLY_BACKGROUND = 2;
const PROBABLY_FOREGROUND = 3;

export interface Picture extends Size {
  /** Red, green, blue: 3 bytes a pixel. */
  readonly rgb: Uint8Array;
  /** 0 where the input is transparent; null when it is opaque everywhere. */
  readonly visible: Uint8Array | null;
}

/** 1 where the subject is; null when nothing stands out from the border. */
export function findSubject(cv: OpenCv, picture: Picture, iterations: number): Uint8Array | null {
  return withLab(cv, picture, (lab, image) => {
    const { likelihood, sureBorder } = estimateBackground(lab, picture, picture.visible);
    const labels = new Uint8Array(likelihood.length);
    for (let pixel = 0; pixel < labels.length; pixel++) {
      if (sureBorder[pixel] === 1 || picture.visible?.[pixel] === 0) labels[pixel] = SURE_BACKGROUND;
      else labels[pixel] = (likelihood[pixel] as number) < 0.5 ? PROBABLY_FOREGROUND : PROBABLY_BACKGROUND;
    }
    return cut(cv, { lab, image, labels, size: picture, iterations });
  });
}

/** Searches again, in a larger copy, and only where `band` is 1; elsewhere `subject` stands. */
export function refineSubject(
  cv: OpenCv,
  picture: Picture,
  { subject, band, iterations }: { subject: Uint8Array; band: Uint8Array; iterations: number },
): Uint8Array {
  const refined = withLab(cv, picture, (lab, image) => {
    const labels = subject.map((inside, pixel) => {
      if (picture.visible?.[pixel] === 0) return SURE_BACKGROUND;
      if (band[pixel] === 1) return inside ? PROBABLY_FOREGROUND : PROBABLY_BACKGROUND;
      return inside ? SURE_FOREGROUND : SURE_BACKGROUND;
    });
    return cut(cv, { lab, image, labels, size: picture, iterations });
  });
  return refined ?? subject;
}

function withLab<T>(cv: OpenCv, picture: Picture, work: (lab: Uint8Array, image: Mat) => T): T {
  return withMats(cv, (createMat) => {
    const image = createMat(picture.height, picture.width, cv.CV_8UC3);
    image.data.set(picture.rgb);
    const calm = createMat();
    cv.medianBlur(image, calm, 3);
    const lab = createMat();
    cv.cvtColor(calm, lab, cv.COLOR_RGB2Lab);
    // A copy: WebAssembly memory moves when it grows, and a view into it would then be empty.
    return work(lab.data.slice(), lab);
  });
}

interface Cut {
  readonly lab: Uint8Array;
  readonly image: Mat;
  readonly labels: Uint8Array;
  readonly size: Size;
  readonly iterations: number;
}

function cut(cv: OpenCv, { lab, image, labels, size, iterations }: Cut): Uint8Array | null {
  const foreground = fitMixture(lab, (pixel) => ((labels[pixel] as number) & 1) === 1);
  const background = fitMixture(lab, (pixel) => ((labels[pixel] as number) & 1) === 0);
  if (foreground === null || background === null) return null;
  return withMats(cv, (createMat) => {
    const mask = createMat(size.height, size.width, cv.CV_8UC1);
    const backgroundModel = createMat(1, MIXTURE_LENGTH, cv.CV_64FC1);
    const foregroundModel = createMat(1, MIXTURE_LENGTH, cv.CV_64FC1);
    mask.data.set(labels);
    backgroundModel.data64F.set(background);
    foregroundModel.data64F.set(foreground);
    cv.grabCut(image, mask, new cv.Rect(0, 0, 0, 0), backgroundModel, foregroundModel, iterations, cv.GC_EVAL);
    return mask.data.map((label) => label & 1);
  });
}
