//! Named threads and child processes around all that: requests in, events out.
