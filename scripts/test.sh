#!/usr/bin/env bash
# Installs what the tests need and runs them all.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
export PATH="$PATH:$HOME/.cargo/bin" # where setup.sh puts a new Rust
# Without `autotune`: on the software rasteriser that stands in for a GPU, compiling a dozen kernels a shape takes minutes.
exec cargo test --locked --no-default-features --features window,video "$@"
