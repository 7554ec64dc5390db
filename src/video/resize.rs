//! Resizing a picture as OpenCV's `INTER_LINEAR` does on bytes, which the reference's pipelines use (spec 2.4): two taps a side at
//! half-pixel centres whatever the scale, so that shrinking skips pixels, in fixed point with weights of 11 bits.

use super::RgbImage;

/// How a decoded frame comes to another size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Every pixel of the source counts: smooth, and fast, in one pass from the stored colours.
    #[default]
    Smooth,
    /// As [`resize_as_opencv`], on the whole frame as RGB.
    OpenCv,
}

/// One, as a weight.
const ONE: f32 = 2048.0;

/// Where a pixel of the result lies between two pixels of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taps {
    /// Places of both pixels.
    at: [usize; 2],
    /// Their weights, of 2048.
    weight: [i32; 2],
}

/// The taps of a row or column of `to` pixels out of `from`.
///
/// OpenCV stops columns at the picture's edge, with all weight on one pixel; rows keep both weights there on the same pixel, which
/// rounds otherwise. `stops` tells which.
fn taps(from: usize, to: usize, stops: bool) -> Vec<Taps> {
    // As OpenCV computes it, rounding twice.
    let scale = 1.0 / (to as f64 / from as f64);
    let last = from.saturating_sub(1);
    let place = |index: usize| {
        let centre = ((index as f64 + 0.5) * scale - 0.5) as f32;
        let low = centre.floor();
        let (mut low, mut share) = (low as i64, centre - low);
        if stops && (low < 0 || low >= last as i64) {
            (low, share) = (low.clamp(0, last as i64), 0.0);
        }
        let weight = |share: f32| (share * ONE).round_ties_even() as i32;
        let inside = |at: i64| at.clamp(0, last as i64) as usize;
        Taps { at: [inside(low), inside(low + 1)], weight: [weight(1.0 - share), weight(share)] }
    };
    (0..to).map(place).collect()
}

/// The picture in another size, byte for byte as `cv2.resize` with `INTER_LINEAR`.
#[must_use]
pub fn resize_as_opencv(image: &RgbImage, (width, height): (usize, usize)) -> RgbImage {
    if (image.width, image.height) == (2 * width, 2 * height) {
        return halve(image);
    }
    let columns = taps(image.width, width, true);
    let rows = taps(image.height, height, false);
    let mut data = Vec::with_capacity(width * height * 3);
    // The two source rows that the last row lay between, resized: the next row often needs one of them again.
    let mut kept: [Option<(usize, Vec<i32>)>; 2] = [None, None];
    for row in rows {
        kept = row.at.map(|at| {
            let known = kept.iter().flatten().find(|(known, _)| *known == at).cloned();
            Some(known.unwrap_or_else(|| (at, horizontal(image, at, &columns))))
        });
        let [Some((_, above)), Some((_, below))] = &kept else { continue };
        // OpenCV drops 4 bits of the row and 16 of each product before it adds: part of its result.
        let part = |value: i32, weight: i32| (weight * (value >> 4)) >> 16;
        let blend = |(&above, &below)| (part(above, row.weight[0]) + part(below, row.weight[1]) + 2) >> 2;
        data.extend(above.iter().zip(below).map(blend).map(|value: i32| value.clamp(0, 255) as u8));
    }
    RgbImage { width, height, data }
}

/// One source row at the columns of the result, `[x][3]`, times 2048.
fn horizontal(image: &RgbImage, row: usize, columns: &[Taps]) -> Vec<i32> {
    let pixels = &image.data[row * image.width * 3..(row + 1) * image.width * 3];
    columns
        .iter()
        .flat_map(|taps| {
            let [left, right] = taps.at.map(|at| &pixels[at * 3..at * 3 + 3]);
            let [of_left, of_right] = taps.weight;
            [0, 1, 2].map(|channel| i32::from(left[channel]) * of_left + i32::from(right[channel]) * of_right)
        })
        .collect()
}

/// Half the size: OpenCV then takes the mean of four pixels, rounded up from a half.
fn halve(image: &RgbImage) -> RgbImage {
    let (width, height) = (image.width / 2, image.height / 2);
    let byte = |x: usize, y: usize, channel: usize| u32::from(image.data[(y * image.width + x) * 3 + channel]);
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let sum = |channel| {
                let row = |y| byte(2 * x, y, channel) + byte(2 * x + 1, y, channel);
                row(2 * y) + row(2 * y + 1)
            };
            data.extend([0, 1, 2].map(|channel| ((sum(channel) + 2) >> 2) as u8));
        }
    }
    RgbImage { width, height, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, rows: &[&[u8]]) -> RgbImage {
        let data = rows.concat().into_iter().flat_map(|value| [value; 3]).collect();
        RgbImage { width, height: rows.len(), data }
    }

    fn values(image: &RgbImage) -> Vec<u8> {
        image.data.chunks(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn shrinking_to_a_third_takes_the_middle_pixel_alone() {
        // Centre of the result's first pixel: 0.5 * 3 - 0.5 = 1, exactly on the second source pixel; its neighbours do not count.
        let image = grey(6, &[&[9, 100, 9, 9, 200, 9][..]; 3]);
        assert_eq!(values(&resize_as_opencv(&image, (2, 1))), [100, 200]);
    }

    #[test]
    fn doubling_mixes_a_quarter_of_the_neighbour_and_stops_at_the_edge() {
        // Centres -0.25, 0.25, 0.75, 1.25: 0, 0 * 3/4 + 100 * 1/4, 0 * 1/4 + 100 * 3/4, 100.
        let image = grey(2, &[&[0, 100]]);
        assert_eq!(values(&resize_as_opencv(&image, (4, 1))), [0, 25, 75, 100]);
    }

    #[test]
    fn weights_are_whole_2048ths_and_bits_are_dropped_before_the_sum() {
        // 5 to 3 columns: centre 1/3 for the first, 2 for the second: 1365 and 683 of 2048.
        let columns = taps(5, 3, true);
        assert_eq!(columns[0], Taps { at: [0, 1], weight: [1365, 683] });
        assert_eq!(columns[1], Taps { at: [2, 3], weight: [2048, 0] });
        // Two rows to three: the first lies a sixth above the first source row, of which both taps are then. Of 255, (255 * 2048) >> 4 is
        // 32640; (341 * 32640) >> 16 is 169, (1707 * 32640) >> 16 is 850: (169 + 850 + 2) >> 2 is 255.
        let rows = taps(2, 3, false);
        assert_eq!(rows[0], Taps { at: [0, 0], weight: [341, 1707] });
        assert_eq!(values(&resize_as_opencv(&grey(1, &[&[255], &[255]]), (1, 3))), [255, 255, 255]);
    }

    #[test]
    fn half_the_size_is_the_mean_of_four_rounded_up_from_a_half() {
        let image = grey(4, &[&[0, 1, 10, 10], &[0, 1, 10, 12]]);
        assert_eq!(values(&resize_as_opencv(&image, (2, 1))), [1, 11]);
    }
}
