#!/usr/bin/env bash
# Which snippets learn, and how many: ratio x strategy on the sample. Memory and seconds of a step come from the bench of one step, one after
# the other on an idle machine; mAP from a training of EPOCHS (6) epochs each, which takes about five minutes on two cores.
#   scripts/strategies.sh FOLDER      with the sample in FOLDER/sample (etad sample); MEASURE=1 only the first two
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:?folder with a sample, e.g. /tmp/experiments}"
cargo build --release --locked
etad="${CARGO_TARGET_DIR:-target}/release/etad"
recipe=configs/sample.toml

# All snippets are all snippets, whatever picks them.
cases=("1.0 random")
for strategy in random grid block gradient; do
    cases+=("0.3 $strategy" "0.1 $strategy")
done
for case in "${cases[@]}"; do
    read -r ratio strategy <<<"$case"
    settings=(--set "encoder.snippet_ratio=$ratio" --set "solver.snippet_strategy=$strategy")
    printf '{"ratio":%s,"strategy":"%s","step":%s}\n' "$ratio" "$strategy" \
        "$(cargo bench --quiet --locked --bench train_step -- "$recipe" --steps 20 "${settings[@]}" 2>/dev/null)"
done
[ -z "${MEASURE:-}" ] || exit 0
for case in "${cases[@]}"; do
    read -r ratio strategy <<<"$case"
    run="$folder/strategy_${ratio}_$strategy"
    [ -e "$run/checkpoints/epoch_005.safetensors" ] || "$etad" train "$recipe" --root "$folder/sample" --run "$run" \
        --set "solver.epochs=${EPOCHS:-6}" --set "encoder.snippet_ratio=$ratio" --set "solver.snippet_strategy=$strategy"
    printf '%s %s: ' "$ratio" "$strategy"
    grep '"event":"eval"' "$run/events.jsonl" | tail -1 | grep -o '"average_map":[0-9.]*'
done
