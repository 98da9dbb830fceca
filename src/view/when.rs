//! The line in which one says when a task is to start, with what it means.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        App,
        action::Action,
        when::{When, clock_off},
    },
    clean::Clean,
    theme::Role,
    time::{
        Now,
        when::{self, Reading},
    },
};

use super::{Look, Piece, Row, spaces, word, words};

/// The line and its meaning, at the bottom of the body.
pub(super) fn when(app: &App, when: &When, body: Rect, look: Look, now: Now) -> (Rect, Vec<Row>, Position) {
    let charset = look.glyphs.charset;
    let columns = usize::from(body.width).saturating_sub(5).max(1);
    let title = word(" Start  ", Role::Title);
    let before: String = when.line.text().chars().take(when.line.cursor()).collect();
    let x = title.text.width() + Clean::line(&before, charset).width();
    let input = if when.line.text().is_empty() {
        word("now", Role::Placeholder)
    } else {
        look.piece(when.line.text(), Role::Input)
    };
    let by_lab = app.store().by_lab(now);
    let mut said: Vec<(String, Role)> = Vec::new();
    match when.reading(by_lab) {
        Ok(Reading::Now) => said.push(("as soon as its turn comes".to_owned(), Role::Dim)),
        Ok(Reading::At(at)) if at <= by_lab.utc => {
            said.push((when::show(&at), Role::Scheduled));
            let text = "That is over: it is due at once, and goes before what became due later.";
            said.push((text.to_owned(), Role::Warning));
        }
        Ok(Reading::At(at)) => {
            let text = format!("not before {}, {}", when::show(&at), words::countdown(at.to_utc(), by_lab));
            said.push((text, Role::Scheduled));
        }
        Ok(Reading::Unclear { twice, earlier, later }) => {
            let why = when::unclear(twice);
            let key = app.key(Action::Complete).unwrap_or_default();
            said.push((format!("That {why}. Which one? {key} turns it."), Role::Warning));
            said.push((format!("earlier  {}", when::show(&earlier)), Role::Scheduled));
            said.push((format!("later    {}", when::show(&later)), Role::Scheduled));
        }
        Err(why) => said.push((why, Role::Error)),
    }
    if let Some(off) = app.store().clock_off(now) {
        let text = format!("By the lab's clock, which is {}.", clock_off(off));
        said.push((text, Role::Warning));
    }
    let mut rows = vec![Row::rule(body.width, look), Row::of(vec![title, input])];
    for (text, role) in said {
        for text in Clean::line(&text, charset).wrap(columns) {
            rows.push(Row::of(vec![spaces(4), Piece { text, role }]));
        }
    }
    for text in Clean::line(when::FORMS, charset).wrap(columns) {
        rows.push(Row::of(vec![spaces(4), Piece { text, role: Role::Dim }]));
    }
    rows.truncate(usize::from(body.height));
    let height = rows.len() as u16;
    let area = Rect { y: body.y + body.height - height, height, ..body };
    let at = Position {
        x: area.x + (x as u16).min(area.width.saturating_sub(1)),
        y: area.y + 1.min(height.saturating_sub(1)),
    };
    (area, rows, at)
}
