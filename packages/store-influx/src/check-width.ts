import { QueryTooLargeError, type ReadStretch } from '@tracepost/stores';
import { type Choice, fieldsSelect, oneRowSelect, seriesSelect, tagsSelect } from './metric-select.ts';
import type { SeriesPart, SeriesStream } from './query-series.ts';

export interface WidthSource {
  readonly series: SeriesStream;
  readonly bucket: string;
}

/** Attributes and numbers together: of more than any metric has that came through the analyst, which limits both. */
const USUAL = 1_000;
/** Of all series together. Ten million took InfluxDB half a minute, without a word meanwhile, and more than 4 GiB. */
const MOST_CELLS = 3_000_000;

/**
 * Rejects with `QueryTooLargeError` where InfluxDB would need gigabytes to read the metric, and nobody would hear of it in time: one that was
 * written before its width was limited, or by somebody else. Asks for next to nothing.
 */
export async function checkWidth(source: WidthSource, choice: Choice, stretch: ReadStretch): Promise<void> {
  const width = (await widthOfOne(source, choice, stretch)) ?? (await widthOfAll(source, choice, stretch));
  if (width <= USUAL) return;
  let series = 0;
  await ask(source, seriesSelect(choice), ({ rows }) => {
    series += Number(rows[0]?.at(-1) ?? 0);
  });
  if (width * series > MOST_CELLS)
    throw new QueryTooLargeError(
      `The series of this metric have ${width} attributes and bounds between them in this time, more than can be read of ${series} series; ask for fewer series by "where", or for a time without these attributes.`,
    );
}

/** Whichever series it is, its row has a place for what any of them has. Null when there is nothing to read of the first one. */
async function widthOfOne(source: WidthSource, choice: Choice, stretch: ReadStretch): Promise<number | null> {
  let width: number | null = null;
  await ask(source, oneRowSelect(choice, stretch), ({ tagsAsked, columns }) => {
    width = tagsAsked + columns.length;
  });
  return width;
}

/** What any series has, in this time or, of numbers, ever. */
async function widthOfAll(source: WidthSource, choice: Choice, stretch: ReadStretch): Promise<number> {
  let width = 0;
  const add = ({ rows }: SeriesPart): void => {
    width += rows.length;
  };
  await ask(source, tagsSelect(choice, stretch), add);
  // Each series has a service: there is none.
  if (width === 0) return 0;
  await ask(source, fieldsSelect(choice), add);
  return width;
}

function ask({ series, bucket }: WidthSource, select: string, take: (part: SeriesPart) => void): Promise<void> {
  return series({ operation: 'read_width', bucket, select }, take);
}
