# Makes, runs and removes a Redis server, in the folder that is given or one of its own. Prints the folder when it is
# ready, then waits for the end of its input, which comes when the process that started it ends.
set -eu
command -v redis-server >/dev/null || { echo 'Redis is not installed: apt-get install redis-server' >&2; exit 1; }
dir=${1:-$(mktemp -d /tmp/biometry-redis-XXXXXX)}
mkdir -p "$dir"
trap 'rm -rf "$dir"' EXIT
redis-server --port 0 --unixsocket "$dir/socket" --unixsocketperm 700 --dir "$dir" --save '' --appendonly no \
  >"$dir/log" 2>&1 </dev/null &
server=$!
until redis-cli -s "$dir/socket" ping >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
  sleep 0.02
done
echo "$dir"
read -r _ || true
kill -KILL "$server"
wait "$server" || true
