# Makes, runs and removes an S3 server with the bucket `biometry`. $1 is the program, $2 to $9 are free ports. Prints its URL
# when it is ready, then waits for the end of its input, which comes when the process that started it ends.
set -eu
weed=$1
shift
[ -x "$weed" ] || { echo "$weed is missing: run make setup" >&2; exit 1; }
dir=$(mktemp -d /tmp/biometry-s3-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/s3.json" <<CONFIG
{"identities": [{"name": "test", "credentials": [{"accessKey": "test", "secretKey": "test-secret"}],
                 "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
CONFIG
"$weed" -logtostderr=true server -dir="$dir" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.volumeSizeLimitMB=64 -volume.max=20 \
  -master.port="$1" -master.port.grpc="$2" -volume.port="$3" -volume.port.grpc="$4" -filer -filer.port="$5" \
  -filer.port.grpc="$6" -s3 -s3.port="$7" -s3.port.grpc="$8" -s3.port.iceberg=0 -s3.port.lance=0 \
  -s3.config="$dir/s3.json" >"$dir/log" 2>&1 </dev/null &
server=$!
until python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$7/healthz', timeout=1)" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { tail -20 "$dir/log" >&2; exit 1; }
  sleep 0.1
done
echo "s3.bucket.create -name biometry" | "$weed" shell -master="127.0.0.1:$1.$2" >>"$dir/log" 2>&1
echo "http://127.0.0.1:$7"
read -r _ || true
kill -KILL "$server"
wait "$server" || true
