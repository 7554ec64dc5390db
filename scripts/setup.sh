#!/usr/bin/env bash
# Installs what building and running etad needs; nothing when all is there. `setup.sh test` adds what the tests need.
set -euo pipefail

purpose="${1:-run}"

case "$(uname -s)" in
  Darwin)
    if command -v brew >/dev/null; then
      brew list ffmpeg pkg-config >/dev/null 2>&1 || brew install ffmpeg pkg-config llvm
      exit 0
    fi
    echo "Install Homebrew (https://brew.sh), then run this again." >&2
    exit 1 ;;
  Linux) ;;
  *)
    echo "This script knows Linux and macOS. On Windows, as the table under \"Two commands\" in README.md says: vcpkg install ffmpeg, LLVM, then cargo run --release." >&2
    exit 1 ;;
esac

debian=(build-essential pkg-config clang libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev
  libswresample-dev libasound2-dev libvulkan1 mesa-vulkan-drivers libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libwayland-client0)
[ "$purpose" = test ] && debian+=(xvfb xauth ffmpeg xdotool)
[ "$purpose" = screenshots ] && debian+=(xvfb xauth imagemagick xdotool)

root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "Not root and no sudo here: as root run: $*" >&2; exit 1
  fi
}

if command -v apt-get >/dev/null; then
  missing=()
  for package in "${debian[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}" >&2
    root apt-get update -qq
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
elif command -v dnf >/dev/null; then
  root dnf install -y gcc clang-devel pkgconf-pkg-config ffmpeg-free-devel alsa-lib-devel vulkan-loader mesa-vulkan-drivers xorg-x11-server-Xvfb
elif command -v pacman >/dev/null; then
  root pacman -S --needed --noconfirm base-devel clang pkgconf ffmpeg alsa-lib vulkan-icd-loader vulkan-swrast xorg-server-xvfb
else
  echo "Unknown package manager: install FFmpeg 5.1 or later and ALSA with headers, clang, pkg-config and a Vulkan driver." >&2
  exit 1
fi

# Rust: Debian 12's own is too old, so rustup's installer, for this user alone.
export PATH="$PATH:$HOME/.cargo/bin"
needed="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")"
have="$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)"
if [ -z "$have" ]; then
  echo "Installing Rust for $(id -un) with rustup" >&2
  command -v curl >/dev/null || root apt-get install -y -qq --no-install-recommends curl ca-certificates >/dev/null
  curl -sSf https://static.rust-lang.org/rustup/rustup-init.sh | sh -s -- -y -q --profile minimal --no-modify-path >&2
elif [ "$(printf '%s\n%s\n' "$needed" "$have" | sort -V | head -1)" != "$needed" ]; then
  if ! command -v rustup >/dev/null; then
    echo "Rust $have is too old, $needed is needed: install it from https://rustup.rs, open a new shell, and run this again." >&2
    exit 1
  fi
  rustup update stable >&2
fi
