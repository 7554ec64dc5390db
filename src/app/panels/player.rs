//! The picture and its controls.

use eframe::egui_wgpu;
use egui::accesskit::Role;
use egui::{Align, ComboBox, CornerRadius, Layout, Rect, RichText, Sense, Spinner, Ui, WidgetInfo, pos2, vec2};

use crate::domain::MediaTime;
use crate::jobs::screen::Showing;
use crate::state::{Command, PictureView, Playback, Status, clock_text};

use super::super::icons::Icon;
use super::super::paint::VideoPaint;
use super::super::widgets::{cut, empty_state, icon_button};
use super::magnifier::Seen;
use super::{View, crop, magnifier, overlay, streams, strip};

const BAR: f32 = 44.0;
const SEEK: f32 = 16.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let all = ui.max_rect();
    let picture = Rect::from_min_max(all.min, pos2(all.right(), all.bottom() - BAR - SEEK));
    let ground = if view.picture.is_some() { theme.stage() } else { theme.well() };
    ui.painter().rect_filled(picture, 0.0, ground);
    ui.scope_builder(egui::UiBuilder::new().max_rect(picture), |ui| stage(ui, view));
    let seek = Rect::from_min_max(pos2(all.left(), picture.bottom()), pos2(all.right(), picture.bottom() + SEEK));
    seek_bar(ui, view, seek.shrink2(vec2(12.0, 0.0)));
    let bar = Rect::from_min_max(pos2(all.left(), seek.bottom()), all.max).shrink2(vec2(10.0, 4.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(bar).layout(Layout::left_to_right(Align::Center)), |ui| {
        controls(ui, view);
    });
}

fn stage(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    match &view.state.playback.status {
        Status::Empty => {
            empty_state(ui, theme, Icon::Film, "No video is open", "Choose one in the library to play it here.");
        }
        Status::Failed(why) => {
            let name = view.state.selected().map_or("This video", |entry| entry.id.as_str());
            empty_state(ui, theme, Icon::Warning, &format!("{name} cannot be played"), why);
            streams::way_back(ui, view);
        }
        Status::Opening | Status::Ready => {
            let rect = ui.max_rect();
            let mut placed = None;
            if let (Some(Showing { frame, sequence, .. }), Some(target)) = (view.picture.clone(), view.surface) {
                let seen = Seen::new(ui, view, rect, &frame.picture);
                let part = seen.part.map(|share| share as f32);
                let paint = VideoPaint { frame, sequence, target, part };
                ui.painter().add(egui_wgpu::Callback::new_paint_callback(seen.place, paint));
                crop::show(ui, view, &seen);
                seen.hands(ui, view);
                placed = Some(seen);
            }
            let response = ui.allocate_rect(rect, Sense::click());
            let enabled = view.state.playback.is_ready();
            response.widget_info(|| WidgetInfo::labeled(Role::Image, enabled, "Picture"));
            let hands = placed.filter(|_| view.state.playback.cropping.on);
            if let Some(seen) = hands {
                crop::hands(ui, view, &seen);
            } else if response.double_clicked() {
                // The first click began or ended playing.
                view.send(Command::TogglePlay);
                view.send(Command::ViewPicture(PictureView::default()));
            } else if response.clicked() {
                view.send(Command::TogglePlay);
            }
            if view.state.playback.waiting || (view.state.playback.status == Status::Opening && view.picture.is_none())
            {
                ui.put(Rect::from_center_size(rect.center(), vec2(32.0, 32.0)), Spinner::new().size(28.0));
            }
            overlay::show(ui, view, rect);
        }
    }
}

fn seek_bar(ui: &mut Ui, view: &mut View<'_>, rect: Rect) {
    let theme = view.theme;
    let Playback { time, length, .. } = view.state.playback;
    let ready = view.state.playback.is_ready();
    let sense = if ready { Sense::click_and_drag() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with("seek"), sense);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, ready, "Position in the video");
        info.value = Some(time.as_secs());
        info
    });
    let track = Rect::from_center_size(rect.center(), vec2(rect.width(), 4.0));
    let painter = ui.painter();
    painter.rect_filled(track, CornerRadius::same(2), theme.control());
    if !ready || length.0 <= 0 {
        return;
    }
    let x_of = |share: f64| track.left() + track.width() * share.clamp(0.0, 1.0) as f32;
    let x = x_of(time.as_secs() / length.as_secs());
    painter.rect_filled(Rect::from_min_max(track.min, pos2(x, track.bottom())), CornerRadius::same(2), theme.accent());
    let radius = if response.hovered() || response.dragged() { 6.0 } else { 4.5 };
    painter.circle_filled(pos2(x, track.center().y), radius, theme.text());
    let time_at = |x: f32| {
        let share = f64::from((x - track.left()) / track.width().max(1.0)).clamp(0.0, 1.0);
        MediaTime::from_secs(share * length.as_secs())
    };
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        view.send(Command::Seek(time_at(at.x)));
    } else if let Some(at) = response.hover_pos() {
        strip::hover(view, &response, time_at(at.x).as_secs());
    }
}

fn controls(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let playback = &view.state.playback;
    let (playing, speed) = (playback.playing, playback.speed);
    let ready = playback.is_ready();
    let keymap = &view.state.settings.keymap;
    let back = format!("One frame back{}", keymap.hint("frame.back"));
    let forward = format!("One frame on{}", keymap.hint("frame.forward"));
    let play = keymap.hint("play");
    let (shuttle_back, shuttle_forward) = (keymap.hint("shuttle.back"), keymap.hint("shuttle.forward"));
    let (slower, faster) = (keymap.hint("slower"), keymap.hint("faster"));
    ui.add_enabled_ui(ready, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        if icon_button(ui, theme, Icon::FrameBack, "Frame back", &back).clicked() {
            view.send(Command::StepFrames(-1));
        }
        let (icon, name, tip) = if playing {
            (Icon::Pause, "Pause", format!("Pause{play}"))
        } else {
            let tip = format!("Play{play}; forward{shuttle_forward}, backward{shuttle_back}; again: faster");
            (Icon::Play, "Play", tip)
        };
        if icon_button(ui, theme, icon, name, &tip).clicked() {
            view.send(Command::TogglePlay);
        }
        if icon_button(ui, theme, Icon::FrameForward, "Frame forward", &forward).clicked() {
            view.send(Command::StepFrames(1));
        }
    });
    ui.add_space(8.0);
    if ready {
        let playback = &view.state.playback;
        let now = RichText::new(clock_text(playback.time.as_secs())).font(theme.number_font());
        ui.label(now);
        let rest = format!("/ {}", clock_text(playback.length.as_secs()));
        ui.label(RichText::new(rest).font(theme.number_font()).color(theme.text_soft()));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_enabled_ui(ready, |ui| {
            let mut chosen = speed;
            let combo =
                ComboBox::from_id_salt("speed").selected_text(speed_text(speed)).width(64.0).show_ui(ui, |ui| {
                    for value in Playback::SPEEDS {
                        ui.selectable_value(&mut chosen, value, speed_text(value));
                    }
                });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ready, "Speed"));
            combo.response.on_hover_text(format!("Speed: slower{slower}, faster{faster}"));
            if chosen != speed {
                view.send(Command::SetSpeed(chosen));
            }
        });
        if let Some(showing) = view.picture.clone().filter(|_| ready && ui.available_width() > 260.0) {
            magnifier::menu(ui, view, &showing.frame.picture);
        }
        if ready && ui.available_width() > 140.0 {
            streams::menu(ui, view);
        }
        if ready && ui.available_width() > 34.0 {
            crop::buttons(ui, view);
        }
        if ready && ui.available_width() > 160.0 {
            let frame = format!("frame {}", view.state.playback.frame);
            ui.label(RichText::new(frame).font(theme.number_font()).color(theme.text_soft()))
                .on_hover_text(format!("of {}, counted from 0", view.state.playback.frames));
        }
        let name = view.state.selected().map(|entry| entry.id.clone()).unwrap_or_default();
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            cut(ui, RichText::new(name).color(theme.text_soft()));
        });
    });
}

fn speed_text(speed: f64) -> String {
    let sign = if speed < 0.0 { "-" } else { "" };
    format!("{sign}{}x", speed.abs())
}
