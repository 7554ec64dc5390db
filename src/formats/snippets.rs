//! Which frames make a snippet: by index as the two references do (spec 2.4), by time as this product does (spec 18).

/// OpenTAD's frames: clips centred in `snippets` equal parts of the video, clamped at its ends: `[snippet][frame]`.
#[must_use]
pub fn opentad_frames(total_frames: usize, snippets: usize, clip_length: usize) -> Vec<Vec<usize>> {
    let stride = total_frames as f64 / snippets as f64;
    let last = total_frames.saturating_sub(1) as f64;
    let first = -((clip_length / 2) as f64);
    let frame = |centre: f64, j: usize| (centre + first + j as f64).clamp(0.0, last).round_ties_even() as usize;
    (0..snippets)
        .map(|i| {
            let centre = stride / 2.0 - 0.5 + i as f64 * stride;
            (0..clip_length).map(|j| frame(centre, j)).collect()
        })
        .collect()
}

/// The official repository's frames: the first clip starts at the first frame and the last ends at the last; clips of shorter
/// videos start over: `[snippet][frame]`.
#[must_use]
pub fn official_frames(total_frames: usize, snippets: usize, clip_length: usize) -> Vec<Vec<usize>> {
    let room = total_frames.saturating_sub(clip_length) as f64;
    let gaps = snippets.saturating_sub(1).max(1) as f64;
    (0..snippets)
        .map(|i| {
            let offset = (i as f64 * room / gaps).round_ties_even() as usize;
            (0..clip_length).map(|j| (offset + j) % total_frames.max(1)).collect()
        })
        .collect()
}

/// Seconds at which each frame of each snippet of a window is wanted (spec 18): `[snippet][frame]`. Times may lie outside the
/// video; who decodes takes the nearest frame there is.
#[must_use]
pub fn frame_times(
    window_start: f64,
    window_seconds: f64,
    snippets: usize,
    clip_length: usize,
    frame_rate: f64,
) -> Vec<Vec<f64>> {
    let half_clip = (clip_length as f64 - 1.0) / 2.0;
    (0..snippets)
        .map(|i| {
            let centre = window_start + (i as f64 + 0.5) * window_seconds / snippets as f64;
            (0..clip_length).map(|j| centre + (j as f64 - half_clip) / frame_rate).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_centred_in_equal_parts_of_the_window() {
        let times = frame_times(10.0, 4.0, 2, 3, 10.0);
        assert_eq!(times, [[10.9, 11.0, 11.1], [12.9, 13.0, 13.1]]);
        assert_eq!(frame_times(0.0, 1.0, 1, 2, 2.0), [[0.25, 0.75]]);
    }

    #[test]
    fn one_frame_is_enough_for_both_formulas() {
        assert_eq!(opentad_frames(1, 2, 3), [[0, 0, 0], [0, 0, 0]]);
        assert_eq!(official_frames(1, 2, 3), [[0, 0, 0], [0, 0, 0]]);
    }
}
