//! The screen of a first start where no lab was found: what was looked for and where, and what can be opened instead.
//!
//! It stands only where nobody has pressed a key yet, so that no key can mean something else than it did a moment ago, and it
//! goes by itself once the lab is there after all. It refuses to open anything: that is a new beginning of the program.

use super::{App, Effect, Layer, Severity, action::Action, line::LineEdit};
use crate::{time::Now, wire::link::Line};

/// What the program begins anew with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The demonstration.
    Demo,
    /// The report of `juicetop doctor`.
    Doctor,
    /// The lab at this address, as it was typed.
    At(String),
}

/// Shows the screen once the guessed address has failed, and takes it away once it has not.
pub(super) fn look(app: &mut App) {
    let lines = [Line::Bus, Line::Router];
    let failed =
        |line: &Line| app.session.link(line).is_some_and(|link| link.problem.is_some() && !link.was_up);
    let wanted = !app.settings.looked.is_empty() && !app.ui.moved && app.ui.layers.is_empty();
    if wanted && lines.iter().all(failed) {
        app.ui.moved = true;
        app.ui.layers.push(Layer::Welcome);
        app.ui.revision += 1;
    } else if matches!(app.ui.layers.last(), Some(Layer::Welcome))
        && lines.iter().any(|line| app.session.is_live(line))
    {
        app.ui.layers.pop();
        app.ui.revision += 1;
    }
}

/// What keys do there.
pub(super) fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::TryDemo => vec![Effect::Begin(Begin::Demo)],
        Action::Doctor => vec![Effect::Begin(Begin::Doctor)],
        Action::Address => {
            app.ui.layers.push(Layer::Address(LineEdit::default()));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Takes the address that was typed. The line stays: what is wrong with it is told.
pub(super) fn go_to(app: &mut App, line: LineEdit, now: Now) -> Vec<Effect> {
    let text = line.text().trim().to_owned();
    app.ui.layers.push(Layer::Address(line));
    if text.is_empty() {
        app.tell(Severity::Info, "type the task manager's address, such as ws://localhost:5124", now);
        return Vec::new();
    }
    if text.starts_with("http:") || text.starts_with("https:") {
        let told = "an edge wants a token: juicetop --edge URL --token-file FILE";
        app.tell(Severity::Warning, told, now);
        return Vec::new();
    }
    vec![Effect::Begin(Begin::At(text))]
}
