/** A variable of Grafana's in a query, a legend or a link: `name`, or `name:format`. */
export function variable(name: string, format?: 'regex'): string {
  return format === undefined ? `\${${name}}` : `\${${name}:${format}}`;
}

/** The value of a series' own column, in a legend or a link. */
export function label(column: string): string {
  return variable(`__field.labels.${column}`);
}
