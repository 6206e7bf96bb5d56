# Makes, runs and removes a PostgreSQL server. Prints its folder when it is ready, then waits for the end of its input,
# which comes when the process that started it ends.
set -eu
initdb=$(ls -1 /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$initdb" ] || { echo 'PostgreSQL is not installed: apt-get install postgresql' >&2; exit 1; }
bin=$(dirname "$initdb")
dir=$(mktemp -d /tmp/biometry-postgres-XXXXXX)
trap 'rm -rf "$dir"' EXIT
fail() { cat "$dir/log" >&2; exit 1; }
"$initdb" -D "$dir/data" -U postgres -A trust --no-sync -E UTF8 --locale=C >"$dir/log" 2>&1 || fail
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=300 -c shared_buffers=32MB \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off >"$dir/log" 2>&1 </dev/null &
server=$!
until "$bin/pg_isready" -q -h "$dir"; do
  kill -0 "$server" 2>/dev/null || fail
  sleep 0.05
done
echo "$dir"
read -r _ || true
kill -QUIT "$server"
wait "$server" || true
