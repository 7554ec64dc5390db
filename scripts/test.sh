#!/usr/bin/env bash
# Installs what the tests need and runs them all.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
export PATH="$PATH:$HOME/.cargo/bin" # where setup.sh puts a new Rust
# Kernel tuning would take minutes on the software rasteriser that stands in for a GPU.
export CUBECL_AUTOTUNE_LEVEL="${CUBECL_AUTOTUNE_LEVEL:-minimal}"
exec cargo test --locked "$@"
