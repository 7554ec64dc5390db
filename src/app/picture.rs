//! A part of the window as a picture file.

use std::path::PathBuf;
use std::time::Duration;

use egui::{ColorImage, Rect, ScreenshotCallback, ViewportCommand, pos2};

use crate::domain::Failure;

use super::dialogs;
use super::effects::Outbox;

/// The menu that asked for the picture is gone by then.
const MENU_GOES: Duration = Duration::from_millis(250);

/// Takes a picture of the place (left, top, right, bottom in points) and asks where to save it.
pub fn save(outbox: &Outbox, name: String, folder: Option<PathBuf>, [left, top, right, bottom]: [f32; 4]) {
    let place = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
    outbox.spawn("picture", move |outbox| {
        std::thread::sleep(MENU_GOES);
        let scale = outbox.ctx.pixels_per_point();
        let (to, ctx) = (outbox.clone(), outbox.ctx.clone());
        let taken = ScreenshotCallback::new(move |image| {
            let whole =
                Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(image.width() as f32, image.height() as f32) / scale);
            let place = place.intersect(whole);
            if !place.is_positive() {
                return;
            }
            let part = image.region(&place, Some(scale));
            dialogs::ask_save(&to, format!("{name}.png"), folder, move || encode(&part));
        });
        ctx.send_viewport_cmd(ViewportCommand::Screenshot(taken));
        ctx.request_repaint();
    });
}

fn encode(image: &ColorImage) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width() as u32, image.height() as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        let pixels: Vec<u8> = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied()).collect();
        writer.write_image_data(&pixels)
    });
    written.map_err(|error| Failure::new(format!("The picture cannot be made ({error}).")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_png_of_its_size() {
        let image = ColorImage::filled([3, 2], egui::Color32::RED);
        let bytes = encode(&image).expect("encoded");
        let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        assert_eq!((reader.info().width, reader.info().height), (3, 2));
    }
}
