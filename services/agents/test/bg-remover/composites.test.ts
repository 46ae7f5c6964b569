import { describe, expect, it } from 'vitest';
import type { Quality } from '../../src/bg-remover/index.ts';
import { alphaOf, edgeError, intersectionOverUnion } from './compare.ts';
import { COMPOSITE_COUNT, type Composite, makeComposite } from './composites.ts';
import { expectRemoved, useRemover } from './use-remover.ts';

const remover = useRemover({ workers: 2, maxWaiting: COMPOSITE_COUNT });

async function cutOut({ png }: Composite, quality: Quality): Promise<Uint8Array> {
  return alphaOf(expectRemoved(await remover.remove({ content: png, quality })).png);
}

describe('pictures whose subject is known exactly', () => {
  it('are cut out at medium with a mean IoU of 0.97 and none below 0.90', async () => {
    const numbers = Array.from({ length: COMPOSITE_COUNT }, (_, number) => number);
    const scores = await Promise.all(
      numbers.map(async (number) => {
        const composite = await makeComposite(number);
        const iou = intersectionOverUnion(await cutOut(composite, 'medium'), composite);
        return { name: composite.name, area: composite.area, iou };
      }),
    );

    const mean = scores.reduce((sum, { iou }) => sum + iou, 0) / scores.length;
    const worst = scores.reduce((low, score) => (score.iou < low.iou ? score : low));
    const rows = scores.map(
      ({ name, area, iou }) => `  ${name.padEnd(32)} area ${area.toFixed(2)}  IoU ${iou.toFixed(4)}`,
    );
    console.log(`${rows.join('\n')}\n  mean ${mean.toFixed(4)}, worst ${worst.iou.toFixed(4)} (${worst.name})`);
    for (const { area } of scores)
      expect(Math.round(area * 100)).toSatisfy((percent: number) => percent >= 15 && percent <= 60);
    expect(mean).toBeGreaterThanOrEqual(0.97);
    expect(worst.iou).toBeGreaterThanOrEqual(0.9);
  }, 300_000);

  it('have a better edge at medium than at low, and at high than at medium', async () => {
    const errors: Record<Quality, number> = { low: 0, medium: 0, high: 0 };
    for (const number of [0, 9, 23]) {
      const composite = await makeComposite(number, 900);
      for (const quality of ['low', 'medium', 'high'] as const) {
        errors[quality] += edgeError(await cutOut(composite, quality), composite) / 3;
      }
    }
    console.log(`  wrong opacity per edge pixel: ${JSON.stringify(errors)}`);
    expect(errors.medium).toBeLessThan(errors.low * 0.25);
    expect(errors.high).toBeLessThan(errors.medium * 0.9);
  }, 300_000);
});
