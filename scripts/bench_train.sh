#!/usr/bin/env bash
# One training step of etad beside the same step in PyTorch, one after the other, on this machine: a line of JSON each, to standard
# output and to LOG. PyTorch comes from PyPI (a large download), into a virtual environment under target/, unless PYTHON has it.
#
#   scripts/bench_train.sh [LOG]          DEVICE=wgpu|cuda (default cpu), HEADLESS=1, PYTHON=python3 with torch, STEPS=10
#
# On a GPU: batch 1 and 4, ratio 0.3 and 1, f32 and f16. SPIRV=1 has the kernels for Vulkan made as SPIR-V, else they are WGSL: run it twice.
set -euo pipefail
cd "$(dirname "$0")/.."
log=${1:-target/bench_train.jsonl}
device=${DEVICE:-cpu}
steps=${STEPS:-10}
python=${PYTHON:-target/bench-venv/bin/python}
if [ -z "${PYTHON:-}" ] && [ ! -x "$python" ]; then
    python3 -m venv target/bench-venv
    target/bench-venv/bin/pip install --quiet -r benches/pytorch/requirements.txt
fi
peer=$device
[ "$device" = cpu ] || peer=cuda

# HEADLESS=1 builds neither window nor video: what a machine needs that has only a GPU.
features=()
kernels=autotune${SPIRV:+,spirv}
[ -z "${HEADLESS:-}" ] || features=(--no-default-features --features "$kernels")
[ -n "${HEADLESS:-}" ] || [ -z "${SPIRV:-}" ] || features=(--features spirv)
[[ "$device" != cuda* ]] || features=(--no-default-features --features autotune,cuda)
cargo bench --locked "${features[@]}" --bench train_step --no-run
bench=$(cargo bench --locked "${features[@]}" --bench train_step --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*train_step[^"]*\)".*/\1/p' | tail -1)

mkdir -p target
about() { printf '{"what":"%s","commit":"%s","date":"%s","cpu":"%s"}\n' "$1" "$(git rev-parse --short HEAD)" "$(date -u +%FT%RZ)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"; }

# compare NAME STEPS OPTION...: etad, then PyTorch on what etad left.
compare() {
    local name=$1 count=$2
    shift 2
    about "$name"
    "$bench" "$@" --device "$device" --steps "$count" --dump target/bench_step.safetensors
    "$python" benches/pytorch/step.py target/bench_step.safetensors --device "$peer" --steps "$count" ${half:+--half}
}

# memory SNIPPETS SHARE: etad alone, the sample's recipe with that many snippets, that share of the proposals.
memory() {
    about "memory at $1 snippets, $2 of the proposals"
    "$bench" configs/sample.toml --device "$device" --steps 1 --set solver.batch_size=1 --set "model.tscale=$1" \
        --set encoder.snippet_ratio=0.3 --set "model.proposals.ratio=$2"
}

{
    compare "the sample's step" "$steps" configs/sample.toml
    r34=(configs/e2e_anet_tsp.toml --set solver.batch_size=1 --set data.clip_length=16)
    if [ "$device" = cpu ]; then
        compare "R(2+1)D-34, 8 snippets of 16x112x112" 2 "${r34[@]}" --set model.tscale=8 --set model.dscale=8
    else
        for batch in 1 4; do
            for ratio in 0.3 1.0; do
                for precision in f32 f16; do
                    half=$([ "$precision" = f32 ] || echo 1)
                    compare "R(2+1)D-34, 128 snippets of 16x112x112, batch $batch, ratio $ratio, $precision" "$steps" "${r34[@]}" \
                        --set "solver.batch_size=$batch" --set "encoder.snippet_ratio=$ratio" --set encoder.chunk=4 \
                        --set "encoder.precision=$precision"
                done
            done
        done
    fi
    for snippets in 32 64 128 256; do
        memory "$snippets" 0.2
    done
    # The same with 283 proposals whatever the number of snippets: what is left is frames, features and the encoder.
    memory 32 0.5433
    memory 64 0.2
    memory 128 0.0874
    memory 256 0.041
} | tee "$log"
