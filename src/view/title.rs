//! The title of the terminal's window: which labs are shown, and what runs or failed there, for who works elsewhere meanwhile.
//!
//! It is one cleaned text and says no more than the header: no name of a task, and nothing that changes by time alone.

use super::Look;
use crate::{
    app::{
        App,
        labs::{Reach, Standing},
    },
    clean::{Clean, exact},
};

/// No title is wider, columns: what shows titles shows less.
const MOST: usize = 120;

/// The title for what is shown now.
pub fn title(app: &App, look: Look) -> Clean {
    let here = Standing {
        // What the person sees is no news: of the lab in front all that the header counts is said.
        failed: app.store().counts(app.ui.hidden).failed as u64,
        ..app.standing()
    };
    let labs: Vec<String> = match &app.ui.labs {
        Some(labs) => {
            let all = labs.all.iter().enumerate();
            all.map(|(at, lab)| one(if at == labs.here { &here } else { lab })).collect()
        }
        None => vec![one(&here)],
    };
    let kind = if app.is_replay() { "juicetop replay" } else { "juicetop" };
    Clean::line(&format!("{kind} - {}", labs.join("; ")), look.charset()).truncate(MOST, look.charset())
}

/// What is said of one lab.
fn one(lab: &Standing) -> String {
    let reach = match lab.reach {
        Reach::Live => "",
        Reach::Connecting => "connecting",
        Reach::Unreached => "not reached",
        Reach::Mute(_) | Reach::Lost(_) => "link lost",
    };
    let count = |count: u64, what: &str| if count > 0 { format!("{count} {what}") } else { String::new() };
    let asks = if lab.asks { "asks" } else { "" };
    let words = [reach, &count(lab.running as u64, "running"), &count(lab.failed, "failed"), asks];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let name = exact(&lab.name);
    if words.is_empty() { name.into_owned() } else { format!("{name}: {}", words.join(", ")) }
}
