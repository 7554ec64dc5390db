#!/usr/bin/env bash
# From a fresh checkout to the open window: installs what is missing, builds, makes the sample when there is none, opens it.
# Without a display it does the main job headless instead: sample, training, evaluation, table of mAP.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh run
export PATH="$PATH:$HOME/.cargo/bin" # where setup.sh puts a new Rust
cargo build --release --locked
etad="${CARGO_TARGET_DIR:-target}/release/etad"
project="${ETAD_PROJECT:-sample}"

if [ ! -e "$project/project.toml" ]; then
  "$etad" sample "$project"
fi
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  echo "No display here: training and evaluating on the sample in the terminal instead of opening the window." >&2
  run="$project/runs/first"
  [ -e "$run/events.jsonl" ] && resume=(--resume) || resume=()
  "$etad" train configs/sample.toml --root "$project" --run "$run" "${resume[@]}" "$@"
  exec "$etad" test configs/sample.toml --root "$project" --checkpoint "$run/checkpoints/best.safetensors"
fi
exec "$etad" open "$project"
