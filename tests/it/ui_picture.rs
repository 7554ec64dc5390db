//! The picture on the screen is at most one step of 255 off a computation of the standards in float64, for every layout of planes, on a
//! software GPU; and what `etad frame` writes is too.

use std::sync::Arc;

use eframe::egui_wgpu;
use egui_kittest::Harness;
use etad::app::{VideoPaint, WHOLE};
use etad::domain::MediaTime;
use etad::video::{
    Channel, Chroma, ColourMatrix, ColourRange, Decoder, Frame, Layout, Picture, Plane, Rotation, Transfer,
};

use crate::ui_support::project;

/// Draws a part of one frame in the upper left corner.
struct Show {
    frame: Arc<Frame>,
    part: [f32; 4],
    size: egui::Vec2,
    target: wgpu::TextureFormat,
}

impl eframe::App for Show {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let place = egui::Rect::from_min_size(egui::Pos2::ZERO, self.size);
        let paint = VideoPaint { frame: self.frame.clone(), sequence: 1, target: self.target, part: self.part };
        ui.painter().add(egui_wgpu::Callback::new_paint_callback(place, paint));
    }
}

/// What the screen shows of a part of a picture in so many pixels, RGB.
fn shown(picture: &Picture, part: [f32; 4], (width, height): (usize, usize)) -> Vec<u8> {
    let frame = Arc::new(Frame { index: 0, time: MediaTime::ZERO, picture: picture.clone() });
    let size = egui::vec2(width as f32, height as f32);
    let mut harness: Harness<'_, Show> =
        Harness::builder().with_size(size).with_render_cursor(false).wgpu().build_eframe(|creation| Show {
            frame,
            part,
            size,
            target: creation.wgpu_render_state.as_ref().expect("a GPU").target_format,
        });
    harness.run_steps(2);
    let image = harness.render().expect("a picture");
    image.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect()
}

/// A sample as its number, read from its bytes.
fn code(picture: &Picture, channel: Channel, x: usize, y: usize) -> f64 {
    let layout = picture.layout;
    let (plane, first) = layout.place(channel).expect("has it");
    let of = &picture.planes[plane];
    let at = (y * of.width + x) * layout.texel_bytes(plane) + first;
    let bytes = &of.data[at..at + layout.sample_bytes()];
    let value = bytes.iter().rev().fold(0u32, |value, &byte| value * 256 + u32::from(byte));
    f64::from(value >> layout.shift)
}

/// A channel between its samples, at a place counted in samples.
fn between(picture: &Picture, channel: Channel, at: [f64; 2]) -> f64 {
    let plane = &picture.planes[picture.layout.place(channel).expect("has it").0];
    let axis = |at: f64, count: usize| {
        let inside = at.clamp(0.0, (count - 1) as f64);
        (inside.floor() as usize, (inside.floor() as usize + 1).min(count - 1), inside.fract())
    };
    let (x, y) = (axis(at[0], plane.width), axis(at[1], plane.height));
    let row = |y| code(picture, channel, x.0, y) * (1.0 - x.2) + code(picture, channel, x.1, y) * x.2;
    row(y.0) * (1.0 - y.2) + row(y.1) * y.2
}

/// R, G and B, 0..1, of high dynamic range on a common display: the documented curve on the standards' light.
fn tone_mapped(rgb: [f64; 3], transfer: Transfer) -> [f64; 3] {
    let light = match transfer {
        Transfer::Display => return rgb,
        Transfer::Pq => rgb.map(|value| {
            let root = value.clamp(0.0, 1.0).powf(32.0 / 2523.0);
            10_000.0
                * ((root - 3424.0 / 4096.0).max(0.0) / (2413.0 / 128.0 - 2392.0 / 128.0 * root)).powf(16384.0 / 2610.0)
        }),
        Transfer::Hlg => {
            let (a, b) = (0.178_832_77, 0.284_668_92);
            let c = 0.5 - a * (4.0f64 * a).ln();
            let scene = rgb.map(|value| {
                let value = value.clamp(0.0, 1.0);
                if value <= 0.5 { value * value / 3.0 } else { (((value - c) / a).exp() + b) / 12.0 }
            });
            let luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2];
            scene.map(|value| value * 1000.0 * luminance.max(1e-6).powf(0.2))
        }
    };
    let scaled = light.map(|value| value / 203.0);
    let brightest = scaled.iter().copied().fold(1e-6, f64::max);
    let white = 1000.0 / 203.0;
    let [r, g, b] = scaled.map(|value| value * (1.0 + brightest / (white * white)) / (1.0 + brightest));
    [1.6605 * r - 0.5876 * g - 0.0728 * b, -0.1246 * r + 1.1329 * g - 0.0083 * b, -0.0182 * r - 0.1006 * g + 1.1187 * b]
        .map(|value| {
            let value = value.clamp(0.0, 1.0);
            if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
        })
}

/// The picture of a part in so many pixels, each channel 0..255 and not rounded.
fn computed(picture: &Picture, part: [f32; 4], (width, height): (usize, usize)) -> Vec<f64> {
    let (kr, kb) = match picture.matrix {
        ColourMatrix::Bt601 => (0.299, 0.114),
        ColourMatrix::Bt709 => (0.2126, 0.0722),
        ColourMatrix::Bt2020 => (0.2627, 0.0593),
    };
    let unit = f64::from(1 << (picture.layout.bits - 8));
    let full = f64::from((1u32 << picture.layout.bits) - 1);
    let (black, luma_range, chroma_range) = match picture.range {
        ColourRange::Limited => (16.0 * unit, 219.0 * unit, 224.0 * unit),
        ColourRange::Full => (0.0, full, full),
    };
    let part = part.map(f64::from);
    let mut out = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let u = part[0] + (x as f64 + 0.5) / width as f64 * part[2];
            let v = part[1] + (y as f64 + 0.5) / height as f64 * part[3];
            // Where the upright place lies in the stored picture.
            let (u, v) = match picture.rotation {
                Rotation::None => (u, v),
                Rotation::Clockwise90 => (v, 1.0 - u),
                Rotation::Half => (1.0 - u, 1.0 - v),
                Rotation::Clockwise270 => (1.0 - v, u),
            };
            let at = [u * picture.width as f64 - 0.5, v * picture.height as f64 - 0.5];
            let luma = (between(picture, Channel::Luma, at) - black) / luma_range;
            let (blue, red) = if picture.layout.chroma == Chroma::None {
                (0.0, 0.0)
            } else {
                let plane = &picture.planes[1];
                let step = [picture.width.div_ceil(plane.width) as f64, picture.height.div_ceil(plane.height) as f64];
                // Sited left, and midway between rows.
                let at = [at[0] / step[0], (at[1] - (step[1] - 1.0) / 2.0) / step[1]];
                let chroma = |channel| (between(picture, channel, at) - 128.0 * unit) / chroma_range;
                (chroma(Channel::U), chroma(Channel::V))
            };
            let (r, b) = (luma + 2.0 * (1.0 - kr) * red, luma + 2.0 * (1.0 - kb) * blue);
            let g = (luma - kr * r - kb * b) / (1.0 - kr - kb);
            let mut rgb = tone_mapped([r, g, b], picture.transfer);
            if picture.layout.alpha {
                let opacity = between(picture, Channel::Alpha, at) / full;
                let behind = if (x / 8 + y / 8) % 2 == 1 { 0.45 } else { 0.35 };
                rgb = rgb.map(|value| behind + (value.clamp(0.0, 1.0) - behind) * opacity);
            }
            out.extend(rgb.map(|value| 255.0 * value.clamp(0.0, 1.0)));
        }
    }
    out
}

/// Asserts that bytes are within one step of what was computed. Rounding to bytes is half a step of it.
fn close(name: &str, bytes: &[u8], computed: &[f64]) {
    assert_eq!(bytes.len(), computed.len(), "{name}");
    let worst = bytes.iter().zip(computed).map(|(&byte, value)| (f64::from(byte) - value).abs()).fold(0.0, f64::max);
    println!("{name}: at most {worst:.3} of 255 off");
    assert!(worst <= 1.0, "{name}: {worst}");
}

/// Gradients in every channel, over all values that a layout allows.
fn picture(width: usize, height: usize, layout: Layout, (across, down): (usize, usize)) -> Picture {
    let top = (1usize << layout.bits) - 1;
    let planes = (0..layout.planes())
        .map(|number| {
            let chroma =
                number > 0 && layout.chroma != Chroma::None && !(layout.alpha && number + 1 == layout.planes());
            let (w, h) = if chroma { (width.div_ceil(across), height.div_ceil(down)) } else { (width, height) };
            let samples = layout.texel_bytes(number) / layout.sample_bytes();
            let mut data = Vec::new();
            for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
                for sample in 0..samples {
                    let value =
                        (x * (3 + number) * top / 160 + y * (5 - number.min(3) + 2 * sample) * top / 190) % (top + 1);
                    let bytes = ((value as u32) << layout.shift).to_le_bytes();
                    data.extend_from_slice(&bytes[..layout.sample_bytes()]);
                }
            }
            Plane { data, width: w, height: h }
        })
        .collect();
    Picture { planes, layout, ..Picture::grey(width, height, 0) }
}

#[test]
fn every_layout_of_planes_is_shown_within_one_step_of_float64() {
    let planar = Layout::PLANAR;
    let ten = Layout { bits: 10, ..planar };
    let pairs = Layout { chroma: Chroma::Pairs, ..planar };
    let p010 = Layout { bits: 10, shift: 6, ..pairs };
    let grey = Layout { chroma: Chroma::None, ..planar };
    use ColourMatrix::{Bt601, Bt709, Bt2020};
    use ColourRange::{Full, Limited};
    // An odd size: the last chroma sample covers one pixel only.
    let size = (63, 47);
    for (name, layout, steps, matrix, range, rotation) in [
        ("4:2:0", planar, (2, 2), Bt601, Limited, Rotation::None),
        ("4:2:0 turned", planar, (2, 2), Bt709, Full, Rotation::Clockwise90),
        ("4:2:2 upside down", planar, (2, 1), Bt709, Limited, Rotation::Half),
        ("4:4:4 turned", planar, (1, 1), Bt2020, Limited, Rotation::Clockwise270),
        ("NV12", pairs, (2, 2), Bt709, Limited, Rotation::None),
        ("NV24", pairs, (1, 1), Bt601, Full, Rotation::None),
        ("10 bit 4:2:0", ten, (2, 2), Bt2020, Limited, Rotation::None),
        ("10 bit 4:2:2 full", ten, (2, 1), Bt709, Full, Rotation::None),
        ("12 bit 4:4:4", Layout { bits: 12, ..planar }, (1, 1), Bt2020, Full, Rotation::None),
        ("P010", p010, (2, 2), Bt2020, Limited, Rotation::Clockwise90),
        ("grey", grey, (1, 1), Bt601, Full, Rotation::None),
        ("10 bit grey", Layout { bits: 10, ..grey }, (1, 1), Bt709, Limited, Rotation::None),
        ("opacity", Layout { alpha: true, ..planar }, (2, 2), Bt709, Limited, Rotation::None),
        ("10 bit opacity", Layout { alpha: true, ..ten }, (1, 1), Bt709, Full, Rotation::None),
    ] {
        let picture = Picture { matrix, range, rotation, ..picture(size.0, size.1, layout, steps) };
        let upright = picture.upright_size();
        close(name, &shown(&picture, WHOLE, upright), &computed(&picture, WHOLE, upright));
        if !layout.alpha {
            close(&format!("{name}, written"), &picture.to_rgb().data, &computed(&picture, WHOLE, upright));
        }
    }
}

#[test]
fn high_dynamic_range_is_mapped_within_one_step_of_float64() {
    let ten = Layout { bits: 10, ..Layout::PLANAR };
    for transfer in [Transfer::Pq, Transfer::Hlg] {
        let gradients = picture(64, 48, ten, (2, 2));
        let picture = Picture { transfer, matrix: ColourMatrix::Bt2020, range: ColourRange::Limited, ..gradients };
        let wanted = computed(&picture, WHOLE, (64, 48));
        close(&format!("{transfer:?}"), &shown(&picture, WHOLE, (64, 48)), &wanted);
        close(&format!("{transfer:?}, written"), &picture.to_rgb().data, &wanted);
    }
}

#[test]
fn a_part_is_magnified_where_it_is() {
    let picture = Picture { range: ColourRange::Limited, ..picture(64, 48, Layout::PLANAR, (2, 2)) };
    // Three times as large, and not on whole pixels.
    let part = [0.25, 0.3, 0.5, 0.4];
    close("magnified", &shown(&picture, part, (96, 58)), &computed(&picture, part, (96, 58)));
    let turned = Picture { rotation: Rotation::Clockwise90, ..picture };
    close("magnified, turned", &shown(&turned, part, (72, 77)), &computed(&turned, part, (72, 77)));
}

#[test]
fn a_decoded_frame_is_shown_as_float64_computes_it() {
    let folder = project();
    let path =
        std::fs::read_dir(folder.path().join("videos")).expect("videos").next().expect("one").expect("entry").path();
    let mut decoder = Decoder::open(&path).expect("opens");
    decoder.seek(40).expect("there");
    let picture = decoder.next_frame().expect("decodes").expect("a frame").picture;
    let size = picture.upright_size();
    close("decoded", &shown(&picture, WHOLE, size), &computed(&picture, WHOLE, size));
    close("decoded, written", &picture.to_rgb().data, &computed(&picture, WHOLE, size));
}
