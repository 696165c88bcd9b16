#!/usr/bin/env bash
# Prints the table of benchmarks: what showd promises to be quick at, beside what the device allows. Not a test.
#
#   tests/bench/run.sh [--long] [submit|latency|chain|save|check|restart|memory]...
#
# What the figures mean and came to: docs/PERFORMANCE.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet -p showd -p showctl -p show-tests --bins
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
printf 'cores %s, kernel %s, %s\n' "$(nproc)" "$(uname -r)" "$(date -u +%F)"
exec "$target/release/bench" "$@"
