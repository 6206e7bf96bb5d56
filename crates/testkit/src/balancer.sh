# Makes, runs and removes an HAProxy on port $1 before the remaining arguments (HOST:PORT). Prints its URL when it is ready,
# then waits for the end of its input, which comes when the process that started it ends.
set -eu
PATH=$PATH:/usr/sbin
command -v haproxy >/dev/null || { echo 'HAProxy is not installed: apt-get install haproxy' >&2; exit 1; }
dir=$(mktemp -d /tmp/biometry-haproxy-XXXXXX)
trap 'rm -rf "$dir"' EXIT
port=$1
shift
{
  cat <<CONFIG
defaults
  mode http
  timeout connect 2s
  timeout client 150s
  timeout server 150s
  retries 3
  retry-on conn-failure
  option redispatch
frontend api
  bind 127.0.0.1:$port
  default_backend gateways
backend gateways
  balance leastconn
  option forwardfor
  option httpchk GET /readyz
  default-server check inter 300ms fall 1 rise 1
CONFIG
  for address in "$@"; do echo "  server $address $address"; done
} >"$dir/haproxy.cfg"
haproxy -db -f "$dir/haproxy.cfg" >"$dir/log" 2>&1 </dev/null &
server=$!
until python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/readyz', timeout=1)" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
  sleep 0.1
done
echo "http://127.0.0.1:$port"
read -r _ || true
kill -KILL "$server"
wait "$server" || true
