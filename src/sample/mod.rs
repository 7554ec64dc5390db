//! Draws the sample videos.
