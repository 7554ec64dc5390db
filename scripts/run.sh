#!/usr/bin/env bash
# From a fresh checkout to the open window: installs what is missing, builds, makes the sample when there is none, opens it.
# Without a display it does the main job headless instead: sample, training, evaluation, table of mAP.
# ETAD_PROJECT names another project folder than ./sample; options go to the headless training, e.g. --set solver.epochs=4.
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

if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  said="$(mktemp)"
  trap 'rm -f "$said"' EXIT
  status=0
  # What it says on standard error goes to the person and into the file.
  { "$etad" open "$project" 2>&1 >&3 | tee "$said" >&2; } 3>&1 || status=$?
  # A variable may name a display that is gone or not ours; any other failure is one.
  if [ "$status" = 0 ] || ! grep -q "no display can be reached" "$said"; then
    exit "$status"
  fi
fi

echo "No display here: training and evaluating on the sample in the terminal instead of opening the window." >&2
echo "On two cores the training takes an hour; Ctrl+C saves, and the same command goes on." >&2
run="$project/runs/first"
[ -e "$run/checkpoints/last.safetensors" ] && resume=(--resume) || resume=()
"$etad" train configs/sample.toml --root "$project" --run "$run" ${resume[@]+"${resume[@]}"} "$@"
exec "$etad" test configs/sample.toml --root "$project" --checkpoint "$run/checkpoints/best.safetensors"
