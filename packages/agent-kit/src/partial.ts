/** A result of which some part is missing: the task succeeded with `partial: true`. */
export class PartialResult {
  readonly result: unknown;

  constructor(result: unknown) {
    this.result = result;
  }
}

/** `return partial(result)`: some of a batch failed, and the result says which. The task is done and not tried again. */
export function partial(result: unknown): PartialResult {
  return new PartialResult(result);
}
