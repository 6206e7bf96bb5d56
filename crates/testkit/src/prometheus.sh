# Makes, runs and removes a Prometheus server that scrapes the targets of $1. Prints its URL when it is ready, then waits for
# the end of its input, which comes when the process that started it ends.
set -eu
command -v prometheus >/dev/null || { echo 'Prometheus is not installed: apt-get install prometheus' >&2; exit 1; }
dir=$(mktemp -d /tmp/biometry-prometheus-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/prometheus.yml" <<CONFIG
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: biometry
    static_configs: [{targets: ["$1"]}]
CONFIG
# Prometheus does not say which port it was given, so a free one is chosen here.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address="127.0.0.1:$port" \
  >"$dir/log" 2>&1 </dev/null &
server=$!
until python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/-/ready', timeout=1)" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
  sleep 0.1
done
echo "http://127.0.0.1:$port"
read -r _ || true
kill -KILL "$server"
wait "$server" || true
