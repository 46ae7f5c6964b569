import { isStorableText } from '../label.ts';
import { COLUMNS } from '../metric-layout.ts';
import type { MetricQuestion } from './question.ts';

export const SERVICE_KEY = 'service.name';

/** Whether a series can have an attribute of this name: those of the layout's own have stepped aside when it was written. */
export function isAttributeKey(key: string): boolean {
  if (key === SERVICE_KEY || key === 'service.instance.id') return true;
  return key !== '' && isStorableText(key) && !(COLUMNS.has(key) || key.startsWith('_'));
}

/** Whether a series with these attributes (`service.name` among them) is asked for. */
export function isAskedFor(
  { where }: Pick<MetricQuestion, 'where'>,
  attributes: Readonly<Record<string, string>>,
): boolean {
  for (const key in where) {
    const value = isAttributeKey(key) && Object.hasOwn(attributes, key) ? attributes[key] : '';
    if (value !== where[key]) return false;
  }
  return true;
}
