//! Soft-NMS, matching, average precision, recall, error diagnosis. No tensors.
