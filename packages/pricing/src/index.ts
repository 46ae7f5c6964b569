export { type DecimalInput, parseDecimal, type Rational, roundHalfUp } from './decimal.ts';
export {
  type ImageCost,
  type ImageQuality,
  type ImageWork,
  imageCost,
  QUALITY_MULTIPLIERS,
} from './image-cost.ts';
export { PICODOLLARS_PER_USD, type Picodollars, sumUsd, toPicodollars, toUsd } from './money.ts';
export { COMPUTE_PRICES, type ComputePrice, MODEL_PRICES, type ModelPrice, priceOn } from './price-table.ts';
