//! What the window knows, as plain values.
