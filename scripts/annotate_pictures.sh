#!/bin/sh
# Takes the pictures of docs/annotating.md from the tests of the window (a software GPU, no display): scripts/annotate_pictures.sh
# Needs ImageMagick. All pictures that the tests take stay in target/annotate_pictures, to be looked at.
set -eu
cd "$(dirname "$0")/.."
taken=target/annotate_pictures
mkdir -p "$taken"
ETAD_SCREENSHOTS="$taken" scripts/test.sh --test it -- ui_annotate ui_gestures ui_lost ui_hard_pictures
for pair in annotate_keys:annotate-keys annotate_conflict:annotate-conflict annotate_cell:annotate-segments \
    timeline_720_dark:annotate-timeline timeline_720_light:annotate-timeline-light; do
    convert "$taken/${pair%:*}.png" -dither None -colors 255 "PNG8:docs/screenshots/${pair#*:}.png"
done
