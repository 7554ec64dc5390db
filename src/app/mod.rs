//! egui: panels draw State and send commands.
