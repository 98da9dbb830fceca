//! The screen of a first start where no lab was found.

use ratatui::layout::Rect;

use crate::{
    app::{App, action::Action},
    clean::Clean,
    theme::Role,
};

use super::{Look, Piece, Row, spaces, word};

/// What juicetop is, for whoever has never seen it.
const WHAT: &str = "juicetop shows what the services of a lab on OrangeQS Juice do now, what waits and what became of it, and sends tasks.";

/// What was looked for, and what can be opened instead. Where there is no room for all, the latter stays.
pub(super) fn rows(app: &App, area: Rect, look: Look) -> Vec<Row> {
    let columns = usize::from(area.width);
    let lines = |text: &str, indent: usize, role: Role| -> Vec<Row> {
        let wrapped = Clean::line(text, look.charset()).wrap(columns.saturating_sub(indent + 1).max(8));
        wrapped.into_iter().map(|text| Row::of(vec![spaces(indent), Piece { text, role }])).collect()
    };
    let mut offers: Vec<Row> = Vec::new();
    for action in [Action::TryDemo, Action::Address, Action::Doctor, Action::Back] {
        let Some(key) = app.key(action) else { continue };
        let does = match action {
            Action::Back => "shows the screen all the same; juicetop goes on trying",
            _ => action.entry().sentence,
        };
        let key = Clean::line(&key, look.charset()).pad(4);
        for (n, mut row) in lines(does, 7, Role::Text).into_iter().enumerate() {
            if n == 0 {
                row.left.splice(0..1, [spaces(2), Piece { text: key.clone(), role: Role::Key }, spaces(1)]);
            }
            offers.push(row);
        }
    }
    let mut told = vec![Row::default()];
    told.extend(lines(WHAT, 2, Role::Text));
    told.extend([
        Row::default(),
        Row::of(vec![spaces(2), word("No lab was found from here. It was looked for in", Role::Title)]),
    ]);
    told.extend(app.settings.looked.iter().flat_map(|text| lines(text, 4, Role::Dim)));
    told.extend([Row::default(), Row::of(vec![spaces(2), word("Instead", Role::Title)])]);
    let room = usize::from(area.height);
    if told.len() + offers.len() > room {
        told = vec![Row::of(vec![spaces(2), word("No lab was found from here.", Role::Title)])];
        if told.len() + offers.len() > room {
            told.clear();
        }
    }
    told.extend(offers);
    told
}
