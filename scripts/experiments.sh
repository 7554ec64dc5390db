#!/usr/bin/env bash
# The sample's training and its controls, as docs/benchmarks.md reports them. Takes hours on two cores.
#   scripts/experiments.sh FOLDER [train options, e.g. --device wgpu]
# Writes FOLDER/sample (the videos) and one run folder an experiment; prints the mAP of each.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:?folder to write, e.g. /tmp/experiments}"
shift
cargo build --release --locked
etad="${CARGO_TARGET_DIR:-target}/release/etad"
sample="$folder/sample"
recipe=configs/sample.toml

[ -e "$sample/project.toml" ] || "$etad" sample "$sample"

# name, then options of the training
train() {
  local name="$1"
  shift
  [ -e "$folder/$name/checkpoints/best.safetensors" ] || "$etad" train "$recipe" --root "$sample" --run "$folder/$name" "$@"
}

# title, run, then options of the test
report() {
  local title="$1" run="$2"
  shift 2
  printf '\n== %s\n' "$title"
  "$etad" test "$recipe" --root "$sample" --checkpoint "$folder/$run/checkpoints/best.safetensors" "$@"
}

train end_to_end "$@"
train frozen_encoder --set encoder.frozen=true "$@"
train one_frame_repeated --set data.repeat_centre_frame=true "$@"

report "end to end" end_to_end
report "encoder frozen at its random start" frozen_encoder --set encoder.frozen=true
report "trained and tested with one frame repeated per clip" one_frame_repeated --set data.repeat_centre_frame=true
report "end to end, each clip's frames reversed at test time" end_to_end --set data.reverse_clips=true
