//! The integration tests: one binary, one module a promise.

#![allow(missing_docs, reason = "tests say what they promise in their names")]

#[allow(dead_code, reason = "a shared helper: each feature set uses part of it")]
mod fixtures;
mod parity_eval;
mod parity_formats;
