#!/bin/bash
# Ends with 0 when the service on this container's own port $1 says that it is ready.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$1" >&3
read -r -t 4 _ status _ <&3
[[ $status == 200 ]]
