#!/usr/bin/env bash
# From a messy episode folder to a broadcast-ready script, in front of your eyes.
#
#   docs/demo.sh          shows it and leaves nothing running
#   docs/demo.sh --keep   leaves the daemon up and prints how to talk to it
set -euo pipefail
cd "$(dirname "$0")/.."

keep=no
case "${1:-}" in
"") ;;
--keep) keep=yes ;;
*)
    echo "usage: docs/demo.sh [--keep]" >&2
    exit 2
    ;;
esac

bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true)
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() { # show a command as one would type it, and run it
    printf '%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@" || { local code=$?; echo "(exit status $code)"; return 0; }
}

say "What this machine needs"
missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
[ -n "$(find /usr/share/fonts -iname 'LiberationSans-Regular*' -print -quit 2>/dev/null)" ] || missing+=(fonts-liberation2)
if [ ${#missing[@]} -gt 0 ]; then
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    echo "installing with the system's package manager: ${missing[*]}"
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
    echo "ffmpeg, fonts and a linker are here already"
fi
command -v cargo >/dev/null || {
    echo "docs/demo.sh: Rust is missing" >&2
    echo "  hint: install it with rustup, then run this again" >&2
    exit 1
}

say "Building showd and showctl (release; a few minutes the first time)"
cargo build --release -p showd -p showctl
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
export PATH="$target/release:$PATH"

place=$(mktemp -d "${TMPDIR:-/tmp}/show-demo.XXXXXX")
share=$place/share
export SHOWD_SOCKET=$place/showd.sock
daemon=""
leave() {
    local code=$?
    [ -z "$daemon" ] || { kill "$daemon" && wait "$daemon" || true; } 2>/dev/null
    # The runner outlives its daemon on purpose; in a demo it goes too.
    pkill -f -- "$place" 2>/dev/null || true
    rm -rf "$place"
    exit "$code"
}
trap leave EXIT INT TERM

say "A share as five people left it"
cp -R docs/example-share "$share"
while read -r path seconds size tone; do
    case "$path" in "" | "#"*) continue ;; esac
    mkdir -p "$share/$(dirname "$path")"
    ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=size=$size:rate=30000/1001:duration=$seconds" \
        -f lavfi -i "sine=frequency=$tone:sample_rate=48000:duration=$seconds" -c:v libx264 -preset ultrafast \
        -pix_fmt yuv420p -c:a aac -b:a 192k -ac 2 -ar 48000 -movflags +faststart -shortest "$share/$path"
done <docs/example-share/clips.txt
(cd "$share" && find episodes -type f | sort | sed 's/^/  /')
cp -R "$share" "$place/before"

cat >"$place/showd.toml" <<TOML
# Short clocks, so that a demo need not wait as long as a person's typing would deserve.
settle = "300ms"
settle_media = "500ms"
quiet = "3s"

[share.show]
path = "$share"
TOML

say "Starting showd on it"
showd --config "$place/showd.toml" --state "$place/state" --socket "$SHOWD_SOCKET" 2>"$place/showd.log" &
daemon=$!
for _ in $(seq 100); do
    showctl version >/dev/null 2>&1 && break
    kill -0 "$daemon" 2>/dev/null || { cat "$place/showd.log"; exit 1; }
    sleep 0.1
done
run showctl wait --idle --timeout 5m

say "Where the show stands"
run showctl status
say "What was done"
run showctl jobs
say "What the rundown of 0901 still has wrong (a person's turn)"
(cd "$share" && run showctl check episodes/0901)
say "What showd repaired in people's files, and nothing else"
diff -ru --exclude='showd' "$place/before/episodes" "$share/episodes" | grep -v '^Only in' | head -n 80 || true
say "What waits for a person's yes"
run showctl proposals

say "Where the results are"
(cd "$share" && find episodes -path '*/scripts/current/*' -o -name quotes.json | sort | sed "s|^|  $share/|")
grep -H '^total_runtime' "$share"/episodes/*/info.md || true

say "Somebody edits one item, as people do"
item=$(find "$share/episodes/0900/rundown" -name '10*.md' | head -n 1)
before=$(showctl follow --from 1 --no-wait --json | wc -l)
printf '\nAnd one more thing: the kettle was innocent.\n' >>"$item"
echo "appended a sentence to ${item#"$share"/}"
run showctl wait --idle --timeout 5m
say "Only what depends on it ran again"
run showctl follow --from "$((before + 1))" --no-wait

if [ "$keep" = yes ]; then
    trap - EXIT INT TERM
    say "Left running"
    echo "  export SHOWD_SOCKET=$SHOWD_SOCKET PATH=$target/release:\$PATH"
    echo "  showctl status            # and: showctl --help"
    echo "  kill $daemon && rm -rf $place   # to end it"
else
    say "Done; nothing is left running"
fi
