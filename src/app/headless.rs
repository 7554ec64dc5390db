//! Panels drawn without a window and without a GPU: what benches and tests time, from the state to the triangles.

use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, UiBuilder, pos2};

use crate::state::{Command, State};

use super::layout::Panel;
use super::panels::{self, View};
use super::theme::Themes;

/// A place to draw panels in.
pub struct Headless {
    ctx: Context,
    themes: Themes,
    pictures: u32,
    events: Vec<Event>,
    /// What screen readers were told of the last picture, if anybody asked.
    nodes: Option<egui::accesskit::TreeUpdate>,
}

/// Pictures after which what unfolds has unfolded.
const SETTLED: usize = 30;

/// What came of a picture.
#[derive(Debug)]
pub struct Drawn {
    /// Corners of the triangles that a GPU would get.
    pub vertices: usize,
    /// What the panels sent.
    pub commands: Vec<Command>,
}

impl std::fmt::Debug for Headless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Headless after {} pictures", self.pictures)
    }
}

impl Headless {
    /// An empty one.
    ///
    /// # Errors
    /// When the theme that was built in is not right.
    pub fn new() -> anyhow::Result<Self> {
        let (ctx, themes) = (Context::default(), Themes::load()?);
        themes.install(&ctx);
        Ok(Self { ctx, themes, pictures: 0, events: Vec::new(), nodes: None })
    }

    /// Clicks what has this name for screen readers, if it is there, and draws until what follows stands still. Returns what was sent.
    pub fn press(&mut self, state: &State, places: &[(Panel, [f32; 4])], name: &str) -> Option<Vec<Command>> {
        self.ctx.enable_accesskit();
        self.draw(state, places);
        self.ctx.disable_accesskit();
        let nodes = self.nodes.take()?.nodes;
        let bounds = nodes.iter().find(|(_, node)| node.label() == Some(name))?.1.bounds()?;
        let scale = f64::from(self.ctx.pixels_per_point());
        let middle = [bounds.x0 + bounds.x1, bounds.y0 + bounds.y1].map(|sum| (0.5 * sum / scale) as f32);
        self.click(middle);
        let mut commands = self.draw(state, places).commands;
        for _ in 0..SETTLED {
            commands.extend(self.draw(state, places).commands);
        }
        Some(commands)
    }

    fn click(&mut self, [x, y]: [f32; 2]) {
        let pos = pos2(x, y);
        let button =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.events.extend([Event::PointerMoved(pos), button(true), button(false)]);
    }

    /// Draws panels, each in its place (left, top, right, bottom in points), and makes triangles of it.
    pub fn draw(&mut self, state: &State, places: &[(Panel, [f32; 4])]) -> Drawn {
        self.pictures += 1;
        let rects = places
            .iter()
            .map(|(_, [left, top, right, bottom])| Rect::from_min_max(pos2(*left, *top), pos2(*right, *bottom)));
        let screen = rects.fold(Rect::from_min_max(Pos2::ZERO, Pos2::ZERO), Rect::union);
        let input = RawInput {
            screen_rect: Some(screen),
            time: Some(f64::from(self.pictures) / 60.0),
            events: std::mem::take(&mut self.events),
            ..RawInput::default()
        };
        let theme = self.themes.current(&self.ctx).clone();
        let mut commands = Vec::new();
        let thumbnails = std::collections::BTreeMap::new();
        let mut output = self.ctx.run_ui(input, |ui| {
            let mut view = View {
                state,
                theme: &theme,
                thumbnails: &thumbnails,
                picture: None,
                strip: None,
                stats: None,
                surface: None,
                commands: &mut commands,
            };
            for (panel, [left, top, right, bottom]) in places {
                let rect = Rect::from_min_max(pos2(*left, *top), pos2(*right, *bottom));
                ui.painter().rect_filled(rect, 0.0, theme.panel());
                ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(panel.title()), |ui| {
                    ui.set_clip_rect(rect);
                    panels::show(ui, *panel, &mut view);
                });
            }
        });
        self.nodes = output.platform_output.accesskit_update.take();
        let triangles = self.ctx.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        output.drop_without_applying_deltas();
        let vertices = triangles.iter().map(|one| match &one.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        });
        Drawn { vertices: vertices.sum(), commands }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_clicked_is_a_command() {
        let mut headless = Headless::new().expect("a theme");
        let places = [(Panel::Training, [0.0, 0.0, 400.0, 600.0])];
        let mut state = State::default();
        let drawn = headless.draw(&state, &places);
        assert!(drawn.vertices > 500 && drawn.commands.is_empty(), "{drawn:?}");
        assert_eq!(headless.press(&state, &places, "a name that nothing has"), None);
        assert_eq!(headless.press(&state, &places, "Train"), Some(Vec::new()), "nothing can be trained yet");
        state.training.config = Some("c.toml".into());
        let sent = headless.press(&state, &places, "Check again");
        assert_eq!(sent, Some(vec![Command::CheckHealth]));
    }
}
