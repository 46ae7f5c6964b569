/** How long InfluxDB keeps what it has. Throws with both faults when both are wrong. */
export function readRetention(env: NodeJS.ProcessEnv = process.env): {
  metricsDays: number;
  metricHoursDays: number;
  logsDays: number;
} {
  const faults: string[] = [];
  const days = (variable: string): number => {
    const text = env[variable] ?? '';
    if (!/^[1-9]\d{0,3}$/.test(text)) {
      faults.push(`${variable} is "${text}"; it has to be a number of days from 1 to 9999`);
    }
    return Number(text);
  };
  const retention = {
    metricsDays: days('TRACEPOST_METRICS_RETENTION_DAYS'),
    metricHoursDays: days('TRACEPOST_METRIC_HOURS_RETENTION_DAYS'),
    logsDays: days('TRACEPOST_LOGS_RETENTION_DAYS'),
  };
  if (faults.length > 0) throw new Error(faults.join('; '));
  return retention;
}
