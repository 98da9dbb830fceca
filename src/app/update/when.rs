//! Saying when a composed task is to start.

use crate::{
    app::{App, Layer, Severity, session::Way, when::When},
    time::{
        Now,
        when::{Reading, show},
    },
};

/// Opens the line, unless the task cannot wait for a moment at all.
pub(super) fn open(app: &mut App, now: Now) {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return };
    let why = match compose.way {
        Way::Alone => {
            Some("this service is spoken to alone: it has no scheduler, so its tasks go out at once")
        }
        _ if app.session.has_scheduler == Some(false) => {
            Some("this Juice has no scheduler, so its tasks go out at once")
        }
        _ => None,
    };
    let at = compose.run_at();
    match why {
        Some(why) => app.tell(Severity::Warning, why, now),
        None => app.ui.layers.push(Layer::When(When::new(at))),
    }
}

/// Takes what is typed, or says why it cannot be taken.
pub(super) fn accept(app: &mut App, when: When, now: Now) {
    let by_lab = app.store().by_lab(now);
    let reading = match when.reading(by_lab) {
        Ok(reading @ (Reading::Now | Reading::At(_))) => reading,
        Ok(Reading::Unclear { .. }) => {
            app.ui.layers.push(Layer::When(when));
            app.tell(Severity::Warning, "say which of the two: earlier or later", now);
            return;
        }
        Err(why) => {
            app.ui.layers.push(Layer::When(when));
            app.tell(Severity::Warning, why, now);
            return;
        }
    };
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return };
    let (way, said) = match (reading, &compose.way) {
        (Reading::At(at), way) => {
            let turned = if *way == Way::Direct {
                // Short: the moment behind it has to fit on 80 columns.
                "goes through the scheduler now: "
            } else {
                ""
            };
            let over = if at <= by_lab.utc { " (over: due at once)" } else { "" };
            (Way::Scheduled(Some(at)), format!("{turned}not before {}{over}", show(&at)))
        }
        (_, Way::Scheduled(_)) => (Way::Scheduled(None), "it starts as soon as its turn comes".to_owned()),
        (_, way) => (way.clone(), "it goes out at once".to_owned()),
    };
    if compose.way != way {
        compose.way = way;
        compose.way_reason.clear();
    }
    app.tell(Severity::Info, said, now);
}
