export const QUALITIES = ['low', 'medium', 'high'] as const;
export type Quality = (typeof QUALITIES)[number];

export interface QualitySettings {
  /** Longer side of the copy on which the subject is searched, pixels. */
  readonly workingSide: number;
  readonly iterations: number;
  /** Longer side of the copy on which only the band around the edge is searched again; null for no second pass. */
  readonly bandSide: number | null;
  readonly bandIterations: number;
  /** How the edge is brought to full size: drawn smooth, or fitted to the colours of the full-size image. */
  readonly edge: 'smooth' | 'fitted';
  /** Pixels of the (larger) copy around each pixel whose colours are fitted. */
  readonly edgeRadius: number;
}

export const QUALITY_SETTINGS: Readonly<Record<Quality, QualitySettings>> = {
  low: { workingSide: 192, iterations: 2, bandSide: null, bandIterations: 0, edge: 'smooth', edgeRadius: 1 },
  medium: { workingSide: 384, iterations: 4, bandSide: null, bandIterations: 0, edge: 'fitted', edgeRadius: 3 },
  high: { workingSide: 384, iterations: 5, bandSide: 960, bandIterations: 2, edge: 'fitted', edgeRadius: 5 },
};
