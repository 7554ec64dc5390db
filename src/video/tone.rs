//! High dynamic range to what a common display shows, plainly: light by the standard, one curve that keeps white below 1, BT.709 colours.
//! `shaders/yuv_to_rgb.wgsl` does the same.

use super::Transfer;

/// Candela a square metre of diffuse white in PQ and HLG (ITU-R BT.2408).
const WHITE: f32 = 203.0;

/// Candela a square metre that become the display's white; brighter is clipped.
const PEAK: f32 = 1000.0;

/// Red, green and blue as a display takes them, from those that the matrix gave; each 0..1.
#[must_use]
pub(super) fn mapped(rgb: [f32; 3], transfer: Transfer) -> [f32; 3] {
    let light = match transfer {
        Transfer::Display => return rgb,
        Transfer::Pq => rgb.map(light_of_pq),
        Transfer::Hlg => light_of_hlg(rgb.map(scene_of_hlg)),
    };
    // Extended Reinhard on the brightest of the three, so that the hue stays: PEAK becomes 1.
    let scaled = light.map(|value| value / WHITE);
    let brightest = scaled.iter().copied().fold(1e-6, f32::max);
    let white = PEAK / WHITE;
    let curve = (1.0 + brightest / (white * white)) / (1.0 + brightest);
    let [r, g, b] = scaled.map(|value| value * curve);
    // BT.2020 primaries to BT.709's (ITU-R BT.2087).
    let display = [
        1.6605 * r - 0.5876 * g - 0.0728 * b,
        -0.1246 * r + 1.1329 * g - 0.0083 * b,
        -0.0182 * r - 0.1006 * g + 1.1187 * b,
    ];
    display.map(encoded)
}

/// SMPTE ST 2084: value to candela a square metre.
fn light_of_pq(value: f32) -> f32 {
    let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0);
    let root = value.clamp(0.0, 1.0).powf(1.0 / m2);
    10_000.0 * ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1)
}

/// ITU-R BT.2100, HLG: value to light of the scene, 0..1.
fn scene_of_hlg(value: f32) -> f32 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_7);
    let value = value.clamp(0.0, 1.0);
    if value <= 0.5 { value * value / 3.0 } else { (((value - c) / a).exp() + b) / 12.0 }
}

/// ITU-R BT.2100, HLG: light of the scene to a display of 1000 candela a square metre.
fn light_of_hlg(scene: [f32; 3]) -> [f32; 3] {
    let luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2];
    let gain = PEAK * luminance.max(1e-6).powf(0.2);
    scene.map(|value| value * gain)
}

/// IEC 61966-2-1: light 0..1 to sRGB.
fn encoded(light: f32) -> f32 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_stays_black_the_peak_is_white_and_grey_stays_grey() {
        for transfer in [Transfer::Pq, Transfer::Hlg] {
            assert!(mapped([0.0; 3], transfer)[0] < 0.01);
            // 1000 candela: PQ 0.7518, HLG 1.
            let peak = if transfer == Transfer::Pq { 0.751_827 } else { 1.0 };
            let white = mapped([peak; 3], transfer);
            assert!(white.iter().all(|value| *value > 0.995), "{transfer:?} {white:?}");
            let grey = mapped([0.4; 3], transfer);
            assert!((grey[0] - grey[1]).abs() < 2e-3 && (grey[1] - grey[2]).abs() < 2e-3, "{grey:?}");
        }
    }

    #[test]
    fn the_standards_own_points_are_met() {
        // ST 2084: 100 cd/m² is 0.5081; BT.2408: diffuse white of 203 cd/m² is 0.58 in PQ and 0.75 in HLG.
        assert!((light_of_pq(0.508_078) - 100.0).abs() < 0.1);
        assert!((light_of_pq(0.5807) - 203.0).abs() < 1.0);
        assert!((light_of_hlg([scene_of_hlg(0.75); 3])[0] - 203.0).abs() < 1.0);
    }
}
