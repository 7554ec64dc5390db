//! Pixels: capsules, boxes and a moving texture drawn with soft edges into an RGB picture. Knows nothing of figures.

/// An RGB colour, 0..255.
pub type Colour = [u8; 3];

/// Multiplies a colour's brightness.
#[must_use]
pub fn shade(colour: Colour, factor: f64) -> Colour {
    colour.map(|value| (f64::from(value) * factor).round().clamp(0.0, 255.0) as u8)
}

/// A picture of 8-bit RGB, rows from above.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    light: [f64; 3],
}

impl Canvas {
    /// A black picture.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, rgb: vec![0; width * height * 3], light: [1.0; 3] }
    }

    /// The bytes, three a pixel.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Sets the light of what is drawn from here on: a factor for each channel.
    pub fn set_light(&mut self, factors: [f64; 3]) {
        self.light = factors;
    }

    /// Fills the picture with a texture seen through a window at `offset` texture pixels, `zoom` texture pixels a pixel;
    /// rows below `horizon` are `floor_shade` times as bright.
    pub fn paint_texture(&mut self, texture: &Texture, offset: [f64; 2], zoom: f64, horizon: usize, floor_shade: f64) {
        let step = (zoom * 65536.0) as u32;
        let start_u = (offset[0].rem_euclid(Texture::SIDE as f64) * 65536.0) as u32;
        let mut v = (offset[1].rem_euclid(Texture::SIDE as f64) * 65536.0) as u32;
        for (y, row) in self.rgb.chunks_exact_mut(self.width * 3).enumerate() {
            let shade = if y < horizon { 256.0 } else { 256.0 * floor_shade };
            // Rows are mixed and lit once a row, so that a pixel costs one mix a channel.
            let line = texture.line(v, self.light.map(|factor| (factor * shade) as u32));
            let mut u = start_u;
            for pixel in row.chunks_exact_mut(3) {
                let left = (u >> 16) as usize % Texture::SIDE;
                let (a, b) = (line[left], line[(left + 1) % Texture::SIDE]);
                let across = (u >> 8) & 255;
                pixel[0] = ((a[0] * (256 - across) + b[0] * across) >> 16) as u8;
                pixel[1] = ((a[1] * (256 - across) + b[1] * across) >> 16) as u8;
                pixel[2] = ((a[2] * (256 - across) + b[2] * across) >> 16) as u8;
                u = u.wrapping_add(step);
            }
            v = v.wrapping_add(step);
        }
    }

    /// A colour under the light.
    fn lit(&self, colour: Colour) -> Colour {
        let lit = |channel: usize| (f64::from(colour[channel]) * self.light[channel]).round().clamp(0.0, 255.0) as u8;
        [lit(0), lit(1), lit(2)]
    }

    /// A line with round ends between two points in pixels; of no length, a disc.
    pub fn capsule(&mut self, from: [f64; 2], to: [f64; 2], radius: f64, colour: Colour) {
        let colour = self.lit(colour);
        let (ax, ay, r) = (from[0] as f32, from[1] as f32, radius as f32);
        let (dx, dy) = (to[0] as f32 - ax, to[1] as f32 - ay);
        let inverse = 1.0 / (dx * dx + dy * dy).max(1e-6);
        let (inner, outer) = ((r - 0.5).max(0.0), r + 0.5);
        let Some((left, right)) = span(from[0].min(to[0]) - radius, from[0].max(to[0]) + radius, self.width) else {
            return;
        };
        let Some((top, bottom)) = span(from[1].min(to[1]) - radius, from[1].max(to[1]) + radius, self.height) else {
            return;
        };
        for y in top..=bottom {
            let py = y as f32 + 0.5 - ay;
            let row = &mut self.rgb[(y * self.width + left) * 3..(y * self.width + right + 1) * 3];
            for (pixel, x) in row.chunks_exact_mut(3).zip(left..) {
                let px = x as f32 + 0.5 - ax;
                let along = ((px * dx + py * dy) * inverse).clamp(0.0, 1.0);
                let (ex, ey) = (px - along * dx, py - along * dy);
                let squared = ex * ex + ey * ey;
                if squared >= outer * outer {
                    continue;
                }
                if squared <= inner * inner {
                    pixel.copy_from_slice(&colour);
                    continue;
                }
                let cover = ((outer - squared.sqrt()) * 256.0) as u32;
                cover_pixel(pixel, colour, cover.min(256));
            }
        }
    }

    /// A box between two corners in pixels.
    pub fn rectangle(&mut self, from: [f64; 2], to: [f64; 2], colour: Colour) {
        let colour = self.lit(colour);
        let Some((left, right)) = span(from[0].min(to[0]), from[0].max(to[0]), self.width) else { return };
        let Some((top, bottom)) = span(from[1].min(to[1]), from[1].max(to[1]), self.height) else { return };
        for y in top..=bottom {
            let row = &mut self.rgb[(y * self.width + left) * 3..(y * self.width + right + 1) * 3];
            for pixel in row.chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

/// First and last pixel of a range of coordinates inside 0..size, if any.
fn span(low: f64, high: f64, size: usize) -> Option<(usize, usize)> {
    let first = low.floor().max(0.0);
    let last = high.floor().min(size as f64 - 1.0);
    (first <= last).then_some((first as usize, last as usize))
}

/// Mix of two values by a weight 0..256, times 256.
fn blend(a: u8, b: u8, weight: u32) -> u32 {
    u32::from(a) * (256 - weight) + u32::from(b) * weight
}

fn cover_pixel(pixel: &mut [u8], colour: Colour, cover: u32) {
    pixel[0] = (blend(pixel[0], colour[0], cover) >> 8) as u8;
    pixel[1] = (blend(pixel[1], colour[1], cover) >> 8) as u8;
    pixel[2] = (blend(pixel[2], colour[2], cover) >> 8) as u8;
}

/// A square picture that continues at its edges.
#[derive(Clone, Debug)]
pub struct Texture {
    pixels: Vec<Colour>,
}

impl Texture {
    /// Width and height in pixels.
    pub const SIDE: usize = 256;

    /// A texture by a function of column and row, each 0..1.
    #[must_use]
    pub fn from_fn(paint: impl Fn(f64, f64) -> Colour) -> Self {
        let side = Self::SIDE;
        let at = |index: usize| paint((index % side) as f64 / side as f64, (index / side) as f64 / side as f64);
        Self { pixels: (0..side * side).map(at).collect() }
    }

    /// The row at `v` (16 bits of fraction), mixed from the two rows around it and multiplied by `light` / 256; values
    /// are 256 times those of a colour.
    fn line(&self, v: u32, light: [u32; 3]) -> [[u32; 3]; Self::SIDE] {
        let row = |v: usize| &self.pixels[(v % Self::SIDE) * Self::SIDE..][..Self::SIDE];
        let (upper, lower) = (row((v >> 16) as usize), row((v >> 16) as usize + 1));
        let down = (v >> 8) & 255;
        let mix = |a: u8, b: u8, light: u32| ((blend(a, b, down) * light) >> 8).min(255 * 256);
        let mut line = [[0; 3]; Self::SIDE];
        for ((mixed, a), b) in line.iter_mut().zip(upper).zip(lower) {
            *mixed = [mix(a[0], b[0], light[0]), mix(a[1], b[1], light[1]), mix(a[2], b[2], light[2])];
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_covers_its_area_and_stays_inside_the_picture() {
        let mut canvas = Canvas::new(40, 30);
        canvas.capsule([20.0, 15.0], [20.0, 15.0], 8.0, [255, 255, 255]);
        let area = canvas.rgb().iter().step_by(3).map(|&v| f64::from(v) / 255.0).sum::<f64>();
        assert!((area - std::f64::consts::PI * 64.0).abs() < 3.0, "{area}");
        canvas.capsule([-5.0, -50.0], [60.0, 90.0], 6.0, [9, 9, 9]);
        canvas.rectangle([-9.0, -9.0], [-3.0, 99.0], [1, 1, 1]);
        assert_eq!(canvas.rgb()[0], 0);
    }

    #[test]
    fn a_texture_continues_at_its_edges() {
        let texture = Texture::from_fn(|u, _| [(u * 255.0) as u8, 100, 0]);
        let mut canvas = Canvas::new(4, 2);
        canvas.paint_texture(&texture, [-1.0, 300.0], 1.0, 1, 0.5);
        assert_eq!(&canvas.rgb()[..6], &[254, 100, 0, 0, 100, 0]);
        assert_eq!(canvas.rgb()[13], 50);
    }
}
