console.log(`Which question? npm run bench -- gateways | p7 | p16

  gateways  P1 and P8: the gateway with and without telemetry, against bare and stock-instrumented handlers (4 minutes, Docker)
  p7        the publisher against raw amqplib (3 minutes, Docker)
  p16       start and stop of the one process (1 minute)

Results are printed and written to bench/results/. What they mean: bench/README.md.`);
