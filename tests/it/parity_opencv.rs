//! Resizing frames against OpenCV itself (spec 2.4). `tests/fixtures/opencv/make.py` wrote what `cv2.resize` with `INTER_LINEAR` makes of
//! pictures drawn by the fixtures' hash; OpenCV 5.0.0 and 4.10.0 write the same bytes.

use etad::video::{RgbImage, resize_as_opencv};

use crate::fixtures::{Fixture, Values};
use crate::parity_model::hash;

#[test]
fn every_byte_is_opencvs() {
    let fixture = Fixture::load("opencv/resize.safetensors");
    let mut cases = 0;
    for name in fixture.names() {
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let size =
            |text: &str| text.split_once('x').map(|(width, height)| (number(width), number(height))).expect("a size");
        let [key, from, _, to] = name.split('.').collect::<Vec<_>>()[..] else { panic!("an odd name: {name}") };
        let ((width, height), (small_width, small_height)) = (size(from), size(to));
        let data = (0..width * height * 3).map(|index| (hash(number(key), index) >> 24) as u8).collect();
        let image = RgbImage { width: width as usize, height: height as usize, data };
        let small = resize_as_opencv(&image, (small_width as usize, small_height as usize));
        assert!(Values::U8(small.data) == fixture.get(name).values, "{name}");
        cases += 1;
    }
    assert_eq!(cases, 10);
}
