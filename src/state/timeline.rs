//! Which part of a video the timeline shows. Times are f64 seconds here and points are f32 only when painted, so that an hour
//! at full zoom still falls on the right pixel.

/// The visible range of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimelineView {
    /// Seconds at the left edge.
    pub start: f64,
    /// Seconds from edge to edge.
    pub span: f64,
    /// Seconds of the whole video.
    pub length: f64,
}

impl Default for TimelineView {
    fn default() -> Self {
        Self { start: 0.0, span: 10.0, length: 0.0 }
    }
}

/// Shortest visible range in seconds: some frames fill the width.
const SHORTEST: f64 = 0.2;

impl TimelineView {
    /// All of a video of `length` seconds.
    #[must_use]
    pub fn fit(length: f64) -> Self {
        Self { start: 0.0, span: length.max(SHORTEST), length }
    }

    /// Points from the left edge at which `time` lies on a timeline `width` points wide.
    #[must_use]
    pub fn x_from_time(&self, time: f64, width: f64) -> f64 {
        (time - self.start) / self.span * width
    }

    /// The time `x` points from the left edge.
    #[must_use]
    pub fn time_from_x(&self, x: f64, width: f64) -> f64 {
        self.start + x / width.max(1.0) * self.span
    }

    /// Magnifies by `factor` (above 1 shows less); the time `at` stays where it is.
    #[must_use]
    pub fn zoomed(self, factor: f64, at: f64) -> Self {
        let span = (self.span / factor.max(1e-6)).clamp(SHORTEST, self.length.max(SHORTEST));
        let start = at - (at - self.start) * span / self.span;
        Self { span, start, ..self }.inside()
    }

    /// Moves by `seconds` towards the end.
    #[must_use]
    pub fn panned(self, seconds: f64) -> Self {
        Self { start: self.start + seconds, ..self }.inside()
    }

    /// Moved so that `time` is visible; when it is not, it comes to a tenth from the left edge.
    #[must_use]
    pub fn showing(self, time: f64) -> Self {
        if time >= self.start && time <= self.start + self.span {
            self
        } else {
            Self { start: time - 0.1 * self.span, ..self }.inside()
        }
    }

    /// Whether the whole video is visible.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.span >= self.length
    }

    fn inside(self) -> Self {
        Self { start: self.start.clamp(0.0, (self.length - self.span).max(0.0)), ..self }
    }
}

/// A mark of the ruler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// Seconds.
    pub time: f64,
    /// Whether it carries a label.
    pub labelled: bool,
}

/// The marks of a ruler `width` points wide: labelled ones at round times at least 70 points apart, five smaller steps between.
#[must_use]
pub fn ticks(view: &TimelineView, width: f64) -> Vec<Tick> {
    const ROUND: [f64; 17] =
        [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
    let least = 70.0 / width.max(70.0) * view.span;
    let step = ROUND.into_iter().find(|&step| step >= least).unwrap_or(14_400.0);
    let small = step / 5.0;
    let first = (view.start / small).ceil() as i64;
    let last = ((view.start + view.span) / small).floor() as i64;
    (first.max(0)..=last).map(|n| Tick { time: n as f64 * small, labelled: n % 5 == 0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_under_the_cursor_stays() {
        let view = TimelineView::fit(100.0);
        let at = view.time_from_x(250.0, 1000.0);
        let closer = view.zoomed(4.0, at);
        assert!((closer.x_from_time(at, 1000.0) - 250.0).abs() < 1e-9);
        assert_eq!(closer.span, 25.0);
    }

    #[test]
    fn the_view_stays_inside_the_video() {
        let view = TimelineView::fit(100.0).zoomed(10.0, 50.0);
        assert_eq!(view.panned(-1000.0).start, 0.0);
        assert_eq!(view.panned(1000.0).start, 90.0);
        assert!(view.zoomed(1e-3, 3.0).is_fit());
        assert_eq!(view.zoomed(1e9, 50.0).span, SHORTEST);
        assert_eq!(view.showing(95.0).start, 90.0);
        assert_eq!(view.showing(50.0), view);
    }

    #[test]
    fn ruler_labels_are_round_and_not_crowded() {
        let marks = ticks(&TimelineView { start: 3.0, span: 60.0, length: 600.0 }, 800.0);
        let labelled: Vec<f64> = marks.iter().filter(|tick| tick.labelled).map(|tick| tick.time).collect();
        assert_eq!(labelled, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!(marks.len(), 30);
    }
}
