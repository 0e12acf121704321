#!/bin/bash
# Asks http://HOST:PORT/PATH, by default where the image's own file has the operator's /ready. Any answer below 500 is a
# good one: a loom without the token says 401. It is bash, which Debian always has and which opens sockets by itself, so
# that the image needs no curl.
set -eu
url=${SLUICE_HEALTH:-http://127.0.0.1:9100/ready}
rest=${url#http://}
place=${rest%%/*}
exec 3<>"/dev/tcp/${place%:*}/${place##*:}"
printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${rest#*/}" "$place" >&3
read -r -t 4 _ status _ <&3
[[ $status == [1-4][0-9][0-9] ]]
