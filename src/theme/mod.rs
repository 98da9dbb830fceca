//! Roles (what a colour means) and how the files in `themes/` give them a style.
//!
//! A [`Theme`] is an array: a style for each [`Role`], already turned into what the terminal can show. It never
//! paints the screen's background. Colour is never the only sign: [`Glyphs`] say the same. A theme file can't stop
//! the program: what is wrong in it is told with file and line, and the parent's style stands.

pub mod depth;
pub mod glyphs;
mod load;
mod role;

#[cfg(test)]
mod tests;

use ratatui::style::{Modifier, Style};

pub use crate::clean::Charset;
pub use depth::Depth;
pub use glyphs::Glyphs;
pub use load::{DEFAULT, Themes};
pub use role::{Role, roles_table};

/// A style for each role, for one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    name: String,
    styles: [Style; Role::COUNT],
}

impl Theme {
    /// No colours at all: what is left when there is no theme.
    pub fn plain() -> Theme {
        let mut styles = [Style::new(); Role::COUNT];
        for role in [Role::Selected, Role::Cursor, Role::Focus] {
            styles[role as usize] = Style::new().add_modifier(Modifier::REVERSED);
        }
        Theme { name: "plain".to_owned(), styles }
    }

    /// The name it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// This theme as a terminal with so many colours can show it.
    pub fn at(&self, depth: Depth) -> Theme {
        Theme { name: self.name.clone(), styles: self.styles.map(|style| depth.style(style)) }
    }
}
