#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Prints minutes per part. CI runs exactly this script.
#
#   tests/run.sh          the ring that every change must pass
#   tests/run.sh --long   also what is too heavy for every run: more seeds, more kills, more rounds
set -euo pipefail
cd "$(dirname "$0")/.."

long=no
case "${1:-}" in
"") ;;
--long) long=yes ;;
*)
    echo "usage: tests/run.sh [--long]" >&2
    exit 2
    ;;
esac

need() { # need PROGRAM PACKAGE...: install PACKAGE with the system's package manager unless PROGRAM is there
    local program=$1
    shift
    command -v "$program" >/dev/null && return
    echo "installing $* (for $program)"
    local root=""
    [ "$(id -u)" = 0 ] || root=sudo
    [ -n "${updated:-}" ] || { $root apt-get update -qq && updated=yes; }
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

times=()
part() { # part NAME COMMAND...: run it and remember how long it took
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@"
    times+=("$(printf '%-14s %4.1f min' "$name" "$(awk "BEGIN { print ($SECONDS - $start) / 60 }")")")
}

suite() { # all tests but the simulator, tidy and real Syncthing nodes, with nextest where it is installed
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --no-fail-fast --status-level slow --final-status-level fail \
            -E "not binary(sim) and not binary(tidy) and not (binary(e2e) and test(/^syncthing::/))"
    else
        cargo test --workspace --exclude show-tests --no-fail-fast --quiet
        cargo test -p show-tests --lib --bins --test e2e --quiet -- --skip syncthing::
    fi
}

nodes() { # real Syncthing nodes with people on them, one play after another; prints what was counted
    local also=()
    [ "$long" = no ] || also=(--include-ignored)
    cargo test -p show-tests --test e2e --quiet -- syncthing:: --nocapture --test-threads 1 "${also[@]}"
}

newer_nodes() { # the same with Syncthing as a newer Debian release has it, where that can be had
    local newer
    newer=$(tests/syncthing-of.sh trixie) || {
        echo "NOT SHOWN HERE: the plays on a newer Syncthing"
        return
    }
    SYNCTHING=$newer nodes
}

install() {
    need cc gcc libc6-dev
    need git git
    need python3 python3
    need ffmpeg ffmpeg
    need syncthing syncthing
    [ "$long" = no ] || {
        need systemd-nspawn systemd-container
        need mkfs.btrfs btrfs-progs
        need mkfs.xfs xfsprogs
    }
}

export SHOW_LONG=$long
part install install
part format cargo fmt --all -- --check
part clippy cargo clippy --workspace --all-targets --quiet -- -D warnings
part build cargo test --workspace --no-run --quiet
part tidy cargo test -p show-tests --test tidy --quiet
part suite suite
part syncthing nodes
part simulator cargo test -p show-tests --test sim --quiet
[ "$long" = no ] || {
    part newer newer_nodes
    part race env SHOW_PUBLISH_ROUNDS=100000 cargo test -p show-publish --test race --quiet -- \
        --exact four_editors_lose_nothing_to_the_publisher
    part filesystems tests/filesystems.sh
    part programs cargo build --quiet -p showd -p showctl
    part systemd tests/systemd.sh
}
part docs env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

printf '\nminutes per part\n'
printf '  %s\n' "${times[@]}"
echo "all parts passed"
