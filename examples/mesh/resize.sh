#!/usr/bin/env bash
# Scales a PNG: POST it with ?width=PIXELS. Needs netpbm.
set -o pipefail
case "$PARAM_width" in
  "" | *[!0-9]*) echo "width has to be a number of pixels" >&2; exit 1 ;;
esac
pngtopam | pamscale -xyfit "$PARAM_width" 10000 | pamtopng
