//! What keys do where two tasks are compared, and how it comes to that.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compare::{Compare, Comparison},
    },
    time::Now,
};

/// Rows above the list: how much differs, the two tasks, a rule.
pub const HEAD: u16 = 4;

/// Rows below the list for the selected pair as a whole, with the rule above them; 0 where there is no room.
pub fn inspector_height(body: u16) -> u16 {
    if body < 14 { 0 } else { (body / 3).clamp(4, 10) }
}

/// Rows that the list has on a body of this height.
pub fn compare_height(body: u16) -> usize {
    usize::from(body.saturating_sub(HEAD + inspector_height(body)).max(1))
}

/// Asks for the comparison of two lines of the history.
pub(super) fn ask(app: &mut App, now: Now) -> Vec<Effect> {
    let mark = app.key(Action::Mark).unwrap_or_default();
    let Some(Layer::History(history)) = app.ui.layers.last_mut() else { return Vec::new() };
    match history.pair() {
        Some(pair) => {
            history.comparing = true;
            vec![Effect::ComparePast(pair)]
        }
        None => {
            let text = format!("mark a task with {mark} first, then select another or mark it too");
            app.tell(Severity::Info, text, now);
            Vec::new()
        }
    }
}

/// Two tasks were compared.
pub(super) fn compared(app: &mut App, compared: Result<Box<Comparison>, String>, now: Now) {
    // Somebody went on meanwhile.
    let Some(Layer::History(history)) = app.ui.layers.last_mut() else { return };
    if !std::mem::take(&mut history.comparing) {
        return;
    }
    match compared {
        Ok(comparison) => app.ui.layers.push(Layer::Compare(Box::new(Compare::new(*comparison)))),
        Err(why) => app.tell(Severity::Error, format!("not compared: {why}"), now),
    }
}

pub(super) fn in_compare(app: &mut App, action: Action) {
    let height = compare_height(app.areas().body.height);
    if let Some(Layer::Compare(compare)) = app.ui.layers.last_mut() {
        match action {
            Action::Open => compare.whole = !compare.whole,
            _ => {
                compare.step(action, height);
            }
        }
    }
}

/// What is copied: all of it. `None`: nothing is compared.
pub(super) fn copied(app: &App) -> Option<Effect> {
    let Some(Layer::Compare(compare)) = app.ui.layers.last() else { return None };
    Some(Effect::Copy { text: compare.comparison.text(), what: "the comparison".to_owned() })
}
