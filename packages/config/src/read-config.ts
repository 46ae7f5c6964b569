import type { Field } from './fields.ts';

type Fields = Readonly<Record<string, Field<unknown>>>;
export type Config<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Every setting that is wrong, in one message: the variable, the value seen, and what would be right. */
export class ConfigError extends Error {
  readonly code = 'config/invalid';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Settings are wrong, nothing was started:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Reads, checks and freezes the settings; a variable that is set but empty counts as not set. Throws `ConfigError`. */
export function readConfig<F extends Fields>(env: Readonly<Record<string, string | undefined>>, fields: F): Config<F> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const seen = env[field.variable];
    const text = seen === undefined || seen === '' ? field.defaultText : seen;
    if (text === null) {
      faults.push(`${field.variable} is not set; it has to be ${field.expects} (${field.about})`);
      continue;
    }
    const value = field.parse(text);
    if (value === undefined)
      faults.push(`${field.variable} is "${text}"; it has to be ${field.expects} (${field.about})`);
    values[name] = value;
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(values) as Config<F>;
}
