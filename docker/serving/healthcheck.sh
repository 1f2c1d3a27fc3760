#!/usr/bin/env bash
# Whether the model server of this container has a model available: exit status 0 if so.
# For `tensorflow/serving`, which has neither curl nor Python, as well as for the embedded server.
#
#   healthcheck.sh [CONFIG]    CONFIG is the --model_config_file; without it, MODEL_NAME counts
set -uo pipefail

config="${1:-}"
port="${REST_API_PORT:-8501}"

names() {
  if [[ -n "$config" ]]; then
    sed -nE 's/^[[:space:]]*name:[[:space:]]*"([^"]+)".*/\1/p' "$config"
  else
    printf '%s\n' "${MODEL_NAME:-model}"
  fi
}

status() {
  exec 3<> "/dev/tcp/127.0.0.1/$port" || return 1
  printf 'GET /v1/models/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
  timeout 3 cat <&3
  exec 3>&-
}

while read -r name; do
  if status "$name" | grep -q '"AVAILABLE"'; then
    exit 0
  fi
done < <(names)
echo "No model is available on port $port." >&2
exit 1
