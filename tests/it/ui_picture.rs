//! The picture on the screen is the picture of the file: the shader against the CPU's conversion, which `etad frame` writes.

use std::sync::Arc;

use eframe::egui_wgpu;
use egui_kittest::Harness;
use etad::app::VideoPaint;
use etad::video::{ColourMatrix, ColourRange, Decoder, Frame, Picture, PixelAspect, Plane, Rotation};

use crate::ui_support::project;

/// Draws one frame at its own size in the upper left corner.
struct Show {
    frame: Arc<Frame>,
    target: wgpu::TextureFormat,
}

impl eframe::App for Show {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let upright = self.frame.to_rgb();
        let size = egui::vec2(upright.width as f32, upright.height as f32);
        let place = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
        let paint = VideoPaint { frame: self.frame.clone(), sequence: 1, target: self.target };
        ui.painter().add(egui_wgpu::Callback::new_paint_callback(place, paint));
    }
}

/// Largest difference of any channel of any pixel between the screen and the CPU's picture.
fn difference(frame: Frame) -> u8 {
    let wanted = frame.to_rgb();
    let frame = Arc::new(frame);
    let size = egui::vec2(wanted.width as f32, wanted.height as f32);
    let mut harness: Harness<'_, Show> =
        Harness::builder().with_size(size).with_render_cursor(false).wgpu().build_eframe(|creation| Show {
            frame,
            target: creation.wgpu_render_state.as_ref().expect("a GPU").target_format,
        });
    harness.run_steps(2);
    let shown = harness.render().expect("a picture");
    let pixels = shown.pixels().zip(wanted.data.chunks(3));
    pixels
        .flat_map(|(shown, wanted)| (0..3).map(|channel| shown.0[channel].abs_diff(wanted[channel])))
        .max()
        .unwrap_or(255)
}

#[test]
fn a_decoded_frame_is_shown_as_etad_frame_writes_it() {
    let folder = project();
    let path =
        std::fs::read_dir(folder.path().join("videos")).expect("videos").next().expect("one").expect("entry").path();
    let mut decoder = Decoder::open(&path).expect("opens");
    decoder.seek(40).expect("there");
    let frame = decoder.next_frame().expect("decodes").expect("a frame");
    // Texture filters interpolate chroma with 8 bits of fraction, then red and blue scale it by up to 2: some steps of 1/255.
    let difference = difference(frame);
    assert!(difference <= 3, "{difference}");
}

#[test]
fn every_rotation_range_and_matrix_is_shown_right() {
    let plane = |width: usize, height: usize, a: usize, b: usize| Plane {
        data: (0..width * height).map(|at| (60 + (at % width) * a + (at / width) * b) as u8).collect(),
        width,
        height,
    };
    for (rotation, range, matrix) in [
        (Rotation::None, ColourRange::Full, ColourMatrix::Bt601),
        (Rotation::Clockwise90, ColourRange::Limited, ColourMatrix::Bt709),
        (Rotation::Half, ColourRange::Limited, ColourMatrix::Bt2020),
        (Rotation::Clockwise270, ColourRange::Full, ColourMatrix::Bt709),
    ] {
        // An odd size: the last chroma sample covers one pixel only.
        let planes = [plane(63, 47, 2, 1), plane(32, 24, 3, 1), plane(32, 24, 1, 4)];
        let pixel_aspect = PixelAspect::default();
        let picture = Picture { width: 63, height: 47, planes, range, matrix, rotation, pixel_aspect };
        let frame = Frame { index: 0, time: etad::domain::MediaTime::ZERO, picture };
        let difference = difference(frame);
        assert!(difference <= 3, "{rotation:?} {range:?} {matrix:?}: {difference}");
    }
}
