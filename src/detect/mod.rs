//! One video to detections.
