//! The choice among several video streams of a file.

use egui::accesskit::Role;
use egui::{ComboBox, Ui, WidgetInfo};

use crate::state::{Annotate, Command};

use super::View;

/// The menu of streams, where there are several.
pub(super) fn menu(ui: &mut Ui, view: &mut View<'_>) {
    let playback = &view.state.playback;
    if playback.streams.len() < 2 {
        return;
    }
    let text = playback.stream.map_or("main stream".to_owned(), |stream| format!("stream {stream}"));
    let mut chosen = playback.stream;
    let combo = ComboBox::from_id_salt("video stream").selected_text(text).width(96.0).show_ui(ui, |ui| {
        ui.selectable_value(&mut chosen, None, "main stream");
        for (number, stream) in playback.streams.iter().enumerate() {
            ui.selectable_value(&mut chosen, Some(number), format!("stream {number}: {stream}"));
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Video stream"));
    let tip = format!(
        "{} video streams are in this file: the chosen one is shown, learnt from and searched",
        playback.streams.len()
    );
    combo.response.on_hover_text(tip);
    if chosen != playback.stream {
        view.send(Command::Annotate(Annotate::SetStream(chosen)));
    }
}

/// Back to the main stream where the chosen one cannot be played.
pub(super) fn way_back(ui: &mut Ui, view: &mut View<'_>) {
    if view.state.playback.stream.is_none() {
        return;
    }
    ui.vertical_centered(|ui| {
        let button = ui.button("Show the main video stream");
        if button.on_hover_text("The chosen stream of this file cannot be played: leave it").clicked() {
            view.send(Command::Annotate(Annotate::SetStream(None)));
        }
    });
}
