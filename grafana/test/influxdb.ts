import type { InfluxDbServer } from '@tracepost/testing';

export type Row = Readonly<Record<string, string>>;

export async function writeLines(server: InfluxDbServer, lines: readonly string[]): Promise<void> {
  const url = `${server.url}/api/v2/write?org=${server.org}&bucket=${server.metricsBucket}&precision=ms`;
  const headers = { authorization: `Token ${server.token}` };
  const answer = await fetch(url, { method: 'POST', headers, body: lines.join('\n') });
  if (!answer.ok) throw new Error(`InfluxDB took nothing: ${answer.status} ${await answer.text()}`);
}

/** The rows of an answer, by column. An error after the first bytes comes as a table of its own, and is thrown too. */
export async function runFlux(server: InfluxDbServer, query: string): Promise<Row[]> {
  const answer = await fetch(`${server.url}/api/v2/query?org=${server.org}`, {
    method: 'POST',
    headers: {
      authorization: `Token ${server.token}`,
      'content-type': 'application/vnd.flux',
      accept: 'application/csv',
    },
    body: query,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`InfluxDB refuses the query: ${text}\n${query}`);
  const rows: Row[] = [];
  for (const table of text.split('\r\n\r\n')) {
    const [header, ...lines] = table.split('\r\n').filter((line) => line !== '');
    const columns = (header ?? '').split(',');
    for (const line of lines) {
      const cells = line.split(',');
      rows.push(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])));
    }
  }
  const failed = rows.find((row) => row.error);
  if (failed) throw new Error(`InfluxDB ends the query: ${failed.error}\n${query}`);
  return rows;
}
