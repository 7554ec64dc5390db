//! FFmpeg behind plain types: probe, presentation-time index, decoder, clips, encoder; clock and frame queue.
