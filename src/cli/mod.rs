//! One file a command, each a thin shell on the same jobs and events as the window.
