#!/bin/bash
# On the empty database: `tracepost` owns it and is no superuser; `tracepost_reader` may read its tables and nothing else.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=database="$POSTGRES_DB" \
  --set=owner_password="$(< /run/tracepost/postgres-password)" \
  --set=reader_password="$(< /run/tracepost/postgres-reader-password)" <<'SQL'
CREATE ROLE tracepost LOGIN PASSWORD :'owner_password';
ALTER DATABASE :"database" OWNER TO tracepost;
ALTER SCHEMA public OWNER TO tracepost;

-- A panel that asks too much is ended, and does not hold up the records.
CREATE ROLE tracepost_reader LOGIN CONNECTION LIMIT 10 PASSWORD :'reader_password';
ALTER ROLE tracepost_reader SET statement_timeout = '15s';
ALTER ROLE tracepost_reader SET default_transaction_read_only = on;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO tracepost_reader;
GRANT USAGE ON SCHEMA public TO tracepost_reader;
-- The tables come later, with the recorder's migrations.
ALTER DEFAULT PRIVILEGES FOR ROLE tracepost IN SCHEMA public GRANT SELECT ON TABLES TO tracepost_reader;
SQL
