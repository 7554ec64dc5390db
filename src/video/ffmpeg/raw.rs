//! The few calls that `ffmpeg-next` does not wrap. Everything unsafe of the program's video is here.
#![expect(unsafe_code, reason = "ffmpeg-next has no safe call for these; each says what makes it sound")]

use ff::ffi;
use ff::software::scaling;
use ffmpeg_next as ff;

use super::super::{ColourMatrix, ColourRange, PixelAspect};

/// A scaler that may move to another thread, as readers and writers that hold one do.
pub(super) struct MovableScaler(pub(super) scaling::Context);

// SAFETY: a scaling context is plain memory without ties to the thread that made it; it is used through `&mut` alone, so by one thread
// at a time.
unsafe impl Send for MovableScaler {}

/// A packet's flag for "decode, but do not show": what lies before an edit list's beginning. Not among the crate's flags.
const DISCARD: i32 = ffi::AV_PKT_FLAG_DISCARD;

/// Whether an edit list hides this packet's frame.
pub(super) fn is_hidden(packet: &ff::Packet) -> bool {
    use ff::packet::Ref;
    // SAFETY: the pointer is that of a live packet, and an integer field of it is read.
    unsafe { (*packet.as_ptr()).flags & DISCARD != 0 }
}

/// Moves the file to the last place from which the frame at `ticks` of `stream` can be decoded, as far as the container knows.
pub(super) fn seek(input: &mut ff::format::context::Input, stream: usize, ticks: i64) -> Result<(), ff::Error> {
    let stream = i32::try_from(stream).map_err(|_| ff::Error::StreamNotFound)?;
    // SAFETY: the context is open and exclusively borrowed; FFmpeg checks the stream number.
    match unsafe { ffi::av_seek_frame(input.as_mut_ptr(), stream, ticks, ffi::AVSEEK_FLAG_BACKWARD) } {
        error if error < 0 => Err(ff::Error::from(error)),
        _ => Ok(()),
    }
}

/// Lets the file skip every stream but one.
pub(super) fn read_only(input: &mut ff::format::context::Input, stream: usize) {
    let count = input.nb_streams() as usize;
    // SAFETY: `streams` holds `nb_streams` valid pointers for as long as the context lives, which is exclusively borrowed.
    unsafe {
        let streams = (*input.as_mut_ptr()).streams;
        for other in (0..count).filter(|&other| other != stream) {
            (**streams.add(other)).discard = ffi::AVDiscard::AVDISCARD_ALL;
        }
    }
}

/// Width over height of a stored pixel: the container's word before the codec's; 1 when neither says.
pub(super) fn pixel_aspect(input: &mut ff::format::context::Input, stream: usize) -> PixelAspect {
    if stream >= input.nb_streams() as usize {
        return PixelAspect::default();
    }
    // SAFETY: the stream number was checked; a null frame is allowed by this call.
    let ratio = unsafe {
        let pointer = *(*input.as_mut_ptr()).streams.add(stream);
        ffi::av_guess_sample_aspect_ratio(input.as_mut_ptr(), pointer, std::ptr::null_mut())
    };
    match (u32::try_from(ratio.num), u32::try_from(ratio.den)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => PixelAspect { width, height },
        _ => PixelAspect::default(),
    }
}

/// Sample rate and number of channels of a sound stream.
pub(super) fn sound(parameters: &ff::codec::Parameters) -> (u32, u32) {
    // SAFETY: the parameters live as long as the borrow; integer fields are read.
    let (rate, channels) = unsafe {
        let parameters = &*parameters.as_ptr();
        (parameters.sample_rate, parameters.ch_layout.nb_channels)
    };
    (u32::try_from(rate).unwrap_or(0), u32::try_from(channels).unwrap_or(0))
}

/// Width and height that the container gives for a stream.
pub(super) fn stored_size(parameters: &ff::codec::Parameters) -> (u32, u32) {
    // SAFETY: as in `sound`.
    let (width, height) = unsafe {
        let parameters = &*parameters.as_ptr();
        (parameters.width, parameters.height)
    };
    (u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
}

/// Tells a scaler how its YUV input is coded. The output is full-range RGB.
pub(super) fn set_colours(scaler: &mut scaling::Context, matrix: ColourMatrix, range: ColourRange) {
    let standard = match matrix {
        ColourMatrix::Bt601 => ffi::SWS_CS_ITU601,
        ColourMatrix::Bt709 => ffi::SWS_CS_ITU709,
        ColourMatrix::Bt2020 => ffi::SWS_CS_BT2020,
    };
    let full = i32::from(range == ColourRange::Full);
    // SAFETY: the scaler is live and exclusively borrowed; the coefficient tables are static. For formats that have no such
    // details the call changes nothing and says so, which is no error here.
    unsafe {
        let table = ffi::sws_getCoefficients(standard);
        ffi::sws_setColorspaceDetails(scaler.as_mut_ptr(), table, full, table, 1, 0, 1 << 16, 1 << 16);
    }
}

/// A region (left, top, width, height in stored pixels) of a frame, sharing its bytes.
pub(super) fn cropped(
    frame: &ff::frame::Video,
    (left, top, width, height): (usize, usize, usize, usize),
) -> Result<ff::frame::Video, ff::Error> {
    let mut part = ff::frame::Video::empty();
    let (whole_width, whole_height) = (frame.width() as usize, frame.height() as usize);
    // SAFETY: the new frame takes references to the buffers of a live one, so they outlive it; FFmpeg checks the margins against the
    // size and moves the plane pointers inside the buffers.
    unsafe {
        let raw = part.as_mut_ptr();
        match ffi::av_frame_ref(raw, frame.as_ptr()) {
            error if error < 0 => return Err(ff::Error::from(error)),
            _ => {}
        }
        (*raw).crop_left = left;
        (*raw).crop_top = top;
        (*raw).crop_right = whole_width.saturating_sub(left + width);
        (*raw).crop_bottom = whole_height.saturating_sub(top + height);
        match ffi::av_frame_apply_cropping(raw, ffi::AV_FRAME_CROP_UNALIGNED as i32) {
            error if error < 0 => Err(ff::Error::from(error)),
            _ => Ok(part),
        }
    }
}
