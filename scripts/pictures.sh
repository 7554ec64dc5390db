#!/bin/sh
# Writes pictures of every panel that tells why (training, runs, form, errors, analysis, evidence, detections) of a trained project in both
# themes and two sizes, drawn by the tests without a display; look at each. Usage: scripts/pictures.sh PROJECT [FOLDER]
# What is empty, has failed or has 200 classes is drawn by other tests into the same folder.
set -eu
cd "$(dirname "$0")/.."
export ETAD_PROJECT="$1" ETAD_SCREENSHOTS="${2:-target/pictures}"
scripts/test.sh --test it -- --test-threads=1 ui_pictures what_is_empty two_hundred_classes runs_are_ticked
echo "Pictures are in $ETAD_SCREENSHOTS."
