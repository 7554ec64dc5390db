//! Every control has a name for those who do not see it, and a tooltip for those who do: all panels are walked through.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Order, Rect};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use etad::state::{Command, LaneMode, Status};

use crate::ui_hands::{Window, press};
use crate::ui_support::{project, wait, window_of};

/// What a person can press, type in or move.
const ROLES: [Role; 8] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
    Role::RadioButton,
    Role::ScrollBar,
];

/// A control with its name.
struct Control {
    name: String,
    role: Role,
    rect: Rect,
}

fn controls(harness: &Window) -> Vec<Control> {
    let found = harness.query_all_by(|node| ROLES.contains(&node.role()));
    let control = |node: egui_kittest::Node<'_>| {
        let inner = node.accesskit_node();
        Control { name: inner.label().unwrap_or_default(), role: inner.role(), rect: node.rect() }
    };
    found.map(control).collect()
}

/// Whether the control tells more when the pointer rests on it. What comes in meanwhile may move it, so it is looked up again.
fn has_tooltip(harness: &mut Window, role: Role, name: &str) -> bool {
    for _ in 0..10 {
        let Some(control) = controls(harness).into_iter().find(|one| one.role == role && one.name == name) else {
            continue;
        };
        harness.hover_at(control.rect.center());
        harness.run_steps(3);
        let shown = harness.ctx.memory(|memory| memory.areas().visible_layer_ids());
        if shown.iter().any(|layer| layer.order == Order::Tooltip) {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        harness.run_steps(1);
    }
    false
}

#[test]
fn every_control_has_a_name_and_a_tooltip() {
    let folder = project();
    let mut harness = window_of(&[folder.path().to_owned()], [1900.0, 1800.0], 1.0);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    harness.ctx.all_styles_mut(|style| {
        style.interaction.tooltip_delay = 0.0;
        style.interaction.tooltip_grace_time = 0.0;
        style.interaction.show_tooltips_only_when_still = false;
    });
    harness.state_mut().command(Command::SetLanes(LaneMode::ByClass));
    let id = harness.state().state().actions().first().expect("truth").id;
    harness.state_mut().command(etad::state::Annotate::Select(id, etad::state::Pick::Only).into());
    let mut seen = std::collections::BTreeSet::new();
    let (mut nameless, mut silent) = (Vec::new(), Vec::new());
    let keys = [Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9, Key::F3];
    for key in keys {
        let modifiers = if key == Key::F3 { Modifiers::NONE } else { Modifiers::CTRL | Modifiers::COMMAND };
        press(&mut harness, modifiers, key);
        harness.run_steps(4);
        let screen = harness.ctx.content_rect();
        for Control { name, role, rect } in controls(&harness) {
            if name.is_empty() {
                nameless.push(format!("{role:?} at {rect:?} behind {key:?}"));
            } else if screen.contains_rect(rect)
                && seen.insert((format!("{role:?}"), name.clone()))
                && !has_tooltip(&mut harness, role, &name)
            {
                silent.push(format!("{role:?} \u{201c}{name}\u{201d}"));
            }
        }
    }
    println!("{} controls", seen.len());
    assert!(nameless.is_empty(), "without a name: {nameless:#?}");
    assert!(silent.is_empty(), "without a tooltip: {silent:#?}");
    assert!(seen.len() > 60);
}
