#!/usr/bin/env bash
# Prints where a Syncthing of another Debian release lies, after fetching and unpacking its package beside the builds;
# nothing is installed. Ends with 1, and says why, where it cannot be had.
#
#   tests/syncthing-of.sh trixie
set -euo pipefail
cd "$(dirname "$0")/.."
release=${1:?which release}
place=$(realpath -m "${CARGO_TARGET_DIR:-target}")/syncthing-$release
program=$place/usr/bin/syncthing
if [ ! -x "$program" ]; then
    # Where this machine's own packages come from.
    repository=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$') || {
        echo "tests/syncthing-of.sh: this machine has no packages of Debian" >&2
        exit 1
    }
    mkdir -p "$place/lists/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $repository $release main" >"$place/sources.list"
    options=(-qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$place/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists="$place/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    (cd "$place" && apt-get "${options[@]}" update >&2 && apt-get "${options[@]}" download syncthing >&2)
    dpkg -x "$place"/syncthing_*.deb "$place"
    rm -rf "$place/lists" "$place"/syncthing_*.deb
fi
echo "$program"
