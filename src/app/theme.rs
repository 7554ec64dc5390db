//! Colours, sizes and fonts, from `assets/theme.toml` to egui's style. No other file of the window names a
//! colour, but for white on black over pictures.

use anyhow::Context as _;
use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle};
use serde::Deserialize;

const TOKENS: &str = include_str!("../../assets/theme.toml");
const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");

/// A colour as the token file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Hex(Color32);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Color32::from_hex(&text).map(Self).map_err(|_| format!("{text} is not a colour like #1a2b3c"))
    }
}

/// Colours by what they are for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Palette {
    ground: Hex,
    panel: Hex,
    raised: Hex,
    well: Hex,
    stage: Hex,
    line: Hex,
    text: Hex,
    text_soft: Hex,
    control: Hex,
    control_hover: Hex,
    control_press: Hex,
    accent: Hex,
    accent_hover: Hex,
    accent_soft: Hex,
    accent_text: Hex,
    on_accent: Hex,
    good: Hex,
    warn: Hex,
    bad: Hex,
    shadow: Hex,
}

/// Sizes in points.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Captions.
    pub small: f32,
    /// Text.
    pub body: f32,
    /// Headings in panels.
    pub heading: f32,
    /// The one big line.
    pub title: f32,
    /// Between controls.
    pub gap: f32,
    /// Inside panels.
    pub pad: f32,
    /// Corners of controls.
    pub radius: u8,
    /// Corners of cards.
    pub card_radius: u8,
    /// Height of a control.
    pub control: f32,
    /// Height of a table row.
    pub row: f32,
}

#[derive(Debug, Deserialize)]
struct Classes {
    dark: Vec<Hex>,
    light: Vec<Hex>,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    dark: Palette,
    light: Palette,
    size: Sizes,
    classes: Classes,
}

/// The look of the window in one of its two themes.
#[derive(Clone, Debug)]
pub struct Theme {
    palette: Palette,
    classes: Vec<Color32>,
    /// Whether it is the dark one.
    pub dark: bool,
    /// Sizes.
    pub size: Sizes,
}

macro_rules! colours {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl Theme {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> Color32 { self.palette.$name.0 })+
        }
    };
}

colours! {
    /// Behind the panels.
    ground,
    /// Panels.
    panel,
    /// Cards, bars, toasts, menus.
    raised,
    /// What is sunk in: text fields, tracks.
    well,
    /// Around the picture.
    stage,
    /// Separators and outlines.
    line,
    /// Text.
    text,
    /// Second-rank text.
    text_soft,
    /// Buttons at rest.
    control,
    /// Buttons under the pointer.
    control_hover,
    /// Selection, playhead, primary button.
    accent,
    /// Primary button under the pointer.
    accent_hover,
    /// Ground of what is selected.
    accent_soft,
    /// Accent as text and strokes.
    accent_text,
    /// Text on the accent.
    on_accent,
    /// What went well.
    good,
    /// What needs care.
    warn,
    /// What went wrong.
    bad,
}

/// The dark and the light theme.
#[derive(Clone, Debug)]
pub struct Themes {
    /// The dark one.
    pub dark: Theme,
    /// The light one.
    pub light: Theme,
}

impl Themes {
    /// Reads the tokens.
    ///
    /// # Errors
    /// When the token file that was built in is not right.
    pub fn load() -> anyhow::Result<Self> {
        let tokens: Tokens = toml::from_str(TOKENS).context("assets/theme.toml is not right")?;
        let theme = |palette, classes: &[Hex], dark| Theme {
            palette,
            classes: classes.iter().map(|hex| hex.0).collect(),
            dark,
            size: tokens.size,
        };
        Ok(Self {
            dark: theme(tokens.dark, &tokens.classes.dark, true),
            light: theme(tokens.light, &tokens.classes.light, false),
        })
    }

    /// Gives both to egui, with the fonts.
    pub fn install(&self, ctx: &egui::Context) {
        ctx.set_fonts(fonts());
        ctx.set_style_of(egui::Theme::Dark, self.dark.style());
        ctx.set_style_of(egui::Theme::Light, self.light.style());
    }

    /// The one that egui shows.
    #[must_use]
    pub fn current(&self, ctx: &egui::Context) -> &Theme {
        if ctx.theme() == egui::Theme::Dark { &self.dark } else { &self.light }
    }
}

/// The family of headings and of what must stand out.
#[must_use]
pub fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

fn fonts() -> FontDefinitions {
    // egui's own fonts stay behind ours for symbols; what neither has comes from the system, one script at a time.
    let mut fonts = FontDefinitions::default();
    fonts.font_data.insert("inter".to_owned(), FontData::from_static(REGULAR).into());
    fonts.font_data.insert("inter-semibold".to_owned(), FontData::from_static(SEMIBOLD).into());
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let led_by = |name: &str| std::iter::once(name.to_owned()).chain(fallback.iter().cloned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Proportional, led_by("inter"));
    fonts.families.insert(strong_family(), led_by("inter-semibold"));
    fonts
}

impl Theme {
    /// Colour of a class by its index; after the last the palette begins again.
    #[must_use]
    pub fn class(&self, index: usize) -> Color32 {
        self.classes.get(index % self.classes.len().max(1)).copied().unwrap_or(self.accent())
    }

    /// The colour of a place 0..1 in an ordered family of curves: all of them stand out from the ground.
    #[must_use]
    pub fn ramp(&self, share: f32) -> Color32 {
        self.class(0).lerp_to_gamma(self.class(5), share.clamp(0.0, 1.0))
    }

    /// Black or white, whichever is read better on `ground`.
    #[must_use]
    pub fn ink_on(&self, ground: Color32) -> Color32 {
        if contrast(Color32::BLACK, ground) >= contrast(Color32::WHITE, ground) {
            Color32::BLACK
        } else {
            Color32::WHITE
        }
    }

    /// Font of headings.
    #[must_use]
    pub fn heading_font(&self) -> FontId {
        FontId::new(self.size.heading, strong_family())
    }

    /// Font of what stands out in running text.
    #[must_use]
    pub fn strong_font(&self) -> FontId {
        FontId::new(self.size.body, strong_family())
    }

    /// Font of captions.
    #[must_use]
    pub fn small_font(&self) -> FontId {
        FontId::proportional(self.size.small)
    }

    /// Font of numbers that change in place or stand in columns.
    #[must_use]
    pub fn number_font(&self) -> FontId {
        FontId::monospace(self.size.body - 1.0)
    }

    fn style(&self) -> egui::Style {
        let mut style = egui::Style { visuals: self.visuals(), animation_time: 0.08, ..egui::Style::default() };
        style.text_styles = [
            (TextStyle::Small, self.small_font()),
            (TextStyle::Body, FontId::proportional(self.size.body)),
            (TextStyle::Button, FontId::proportional(self.size.body)),
            (TextStyle::Heading, self.heading_font()),
            (TextStyle::Monospace, self.number_font()),
        ]
        .into();
        let spacing = &mut style.spacing;
        spacing.item_spacing = egui::vec2(self.size.gap, 6.0);
        spacing.button_padding = egui::vec2(10.0, 4.0);
        spacing.interact_size.y = self.size.control;
        spacing.menu_margin = Margin::same(6);
        spacing.window_margin = Margin::same(12);
        spacing.combo_width = 120.0;
        spacing.slider_width = 110.0;
        spacing.tooltip_width = 360.0;
        spacing.scroll = egui::style::ScrollStyle { bar_width: 8.0, ..egui::style::ScrollStyle::floating() };
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
        style
    }

    fn visuals(&self) -> egui::Visuals {
        let mut visuals = if self.dark { egui::Visuals::dark() } else { egui::Visuals::light() };
        let radius = CornerRadius::same(self.size.radius);
        let widget = |fill: Color32, text: Color32, outline: Color32| egui::style::WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, outline),
            corner_radius: radius,
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
        let palette = &self.palette;
        let widgets = &mut visuals.widgets;
        widgets.noninteractive = widget(self.panel(), self.text(), self.line());
        widgets.inactive = widget(self.control(), self.text(), Color32::TRANSPARENT);
        // Boxes, circles and rails, which have no text in them to be seen by.
        widgets.inactive.bg_fill = palette.control_press.0;
        widgets.hovered = widget(self.control_hover(), self.text(), self.line());
        widgets.active = widget(palette.control_press.0, self.text(), self.accent());
        widgets.open = widget(self.control_hover(), self.text(), self.line());
        visuals.selection.bg_fill = self.accent_soft();
        visuals.selection.stroke = Stroke::new(1.0, self.accent_text());
        visuals.weak_text_color = Some(self.text_soft());
        visuals.hyperlink_color = self.accent_text();
        visuals.faint_bg_color = self.raised();
        visuals.extreme_bg_color = self.well();
        visuals.text_edit_bg_color = Some(self.well());
        visuals.code_bg_color = self.well();
        visuals.warn_fg_color = self.warn();
        visuals.error_fg_color = self.bad();
        visuals.window_fill = self.raised();
        visuals.window_stroke = Stroke::new(1.0, self.line());
        visuals.window_corner_radius = CornerRadius::same(self.size.card_radius);
        visuals.menu_corner_radius = CornerRadius::same(self.size.card_radius);
        visuals.panel_fill = self.panel();
        let shadow = egui::Shadow { offset: [0, 4], blur: 16, spread: 0, color: palette.shadow.0 };
        visuals.window_shadow = shadow;
        visuals.popup_shadow = shadow;
        visuals.slider_trailing_fill = true;
        visuals.striped = false;
        visuals
    }
}

/// Contrast of two opaque colours by WCAG 2: from 1 to 21.
#[must_use]
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |colour: Color32| {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reaches_aa_on_every_ground_it_stands_on() {
        let themes = Themes::load().expect("tokens");
        for theme in [themes.dark, themes.light] {
            let grounds = [theme.ground(), theme.panel(), theme.raised(), theme.well()];
            let inks = [theme.text(), theme.text_soft(), theme.accent_text(), theme.good(), theme.warn(), theme.bad()];
            for (ink, ground) in inks.iter().flat_map(|ink| grounds.map(|ground| (*ink, ground))) {
                assert!(contrast(ink, ground) >= 4.5, "dark {}: {ink:?} on {ground:?}", theme.dark);
            }
            for ground in [theme.control(), theme.control_hover()] {
                assert!(contrast(theme.text(), ground) >= 4.5);
            }
            for ground in [theme.accent(), theme.accent_hover()] {
                assert!(contrast(theme.on_accent(), ground) >= 4.5, "dark {}", theme.dark);
            }
            for index in 0..12 {
                let colour = theme.class(index);
                assert!(contrast(colour, theme.panel()) >= 1.9, "class {index}, dark {}", theme.dark);
                assert!(contrast(theme.ink_on(colour), colour) >= 4.5);
            }
        }
    }
}
