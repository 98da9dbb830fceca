//! Every place with nothing in it, under every key that means something there: nothing panics, and nothing is sent.

use std::sync::Arc;

use super::*;
use crate::{
    app::{
        action::{ACTIONS, Action, Context},
        compare::Comparison,
        confirm::Deed,
        history::{Columns, History},
        record::RecordPane,
        replay::{BARRED, Replay},
    },
    store::past::query::{Column, Found},
    wire::logs::Record,
};

type Start = Box<dyn Fn() -> Bench>;

/// A log that has not answered yet.
fn log_of_nobody() -> Bench {
    let mut b = super::logs::bench();
    b.keys("J");
    b
}

/// Labs of which the lanes have nothing to show.
const LABS: [fn() -> Bench; 5] = [
    // Nothing is known.
    || {
        let mut b = Bench::offline(Settings::default(), (100, 30));
        b.app.session.store = Store::new(Limits::default());
        b.later(1.0).msg(Msg::Wake);
        b
    },
    || Bench::offline(Settings::default(), (100, 30)),
    Bench::new,
    // A filter without hits.
    || {
        let mut b = Bench::new();
        b.ran(&job("a")).keys("/").paste("nothing like this").keys("enter");
        b
    },
    || Bench::with(Settings::default(), (40, 12)),
];

/// After these keys, in each lab.
fn after(keys: &'static str) -> Vec<Start> {
    starts(move |b| _ = b.keys(keys))
}

fn starts(then: impl Fn(&mut Bench) + Clone + 'static) -> Vec<Start> {
    let start = |lab: &fn() -> Bench| {
        let (lab, then) = (*lab, then.clone());
        let start = move || {
            let mut b = lab();
            then(&mut b);
            b
        };
        Box::new(start) as Start
    };
    LABS.iter().map(start).collect()
}

fn one(start: fn() -> Bench) -> Vec<Start> {
    vec![Box::new(start)]
}

/// A result under the cursor, and keys there.
fn result(result: &'static str, keys: &'static str) -> Start {
    Box::new(move || {
        let mut b = Bench::new();
        let reply = format!(r#"{{"id": "r", "status": "ok", "result": {result}}}"#);
        b.runs(&job("r")).completed(&job("r"), &reply).keys("j v").keys(keys);
        b
    })
}

/// A layer on top of the lanes of a lab.
fn above(b: Bench, layer: Layer) -> Bench {
    let mut b = b;
    b.app.ui.layers.push(layer);
    b.msg(Msg::Wake);
    b
}

/// A place with nothing in it, as it comes about. Those that are never empty stand here as bare as they can be.
fn empty(context: Context) -> Vec<Start> {
    match context {
        Context::Lanes => after(""),
        Context::Services => after("m"),
        Context::Logs => {
            let answered = one(|| {
                let mut b = log_of_nobody();
                super::logs::answer(&mut b, &[], false);
                b
            });
            after("J").into_iter().chain(one(log_of_nobody)).chain(answered).collect()
        }
        Context::Record => one(|| {
            let record = Record::read(DateTime::UNIX_EPOCH, "", None, "");
            let pane = RecordPane::new(Arc::new(record), &Settings::default());
            above(Bench::new(), Layer::Record(Box::new(pane)))
        }),
        Context::Beside => ["b", "b tab", "b tab tab"].into_iter().flat_map(after).collect(),
        Context::Failures => after("F"),
        Context::Notices => after("N"),
        Context::Schedule => {
            let filtered = one(|| {
                let mut b = Bench::new();
                b.scheduled("s", None, &job("w"), "queued").take();
                b.keys("t /").paste("nothing like this").keys("enter");
                b
            });
            after("t").into_iter().chain(filtered).collect()
        }
        Context::History => {
            let answered = starts(|b| {
                b.keys("h");
                let id = b.app.ui.questions;
                b.msg(Msg::Found(Found { id, ..Found::default() }));
            });
            after("h").into_iter().chain(answered).collect()
        }
        Context::Welcome => one(|| above(Bench::offline(Settings::default(), (100, 30)), Layer::Welcome)),
        Context::Columns => one(|| above(Bench::new(), Layer::Columns(Columns::new(&[])))),
        Context::Compare => one(|| {
            let history = History::new(false, vec![Column::When]);
            let comparison =
                Comparison { titles: [String::new(), String::new()], differences: 0, rows: Vec::new() };
            let b = above(Bench::new(), Layer::History(Box::new(history)));
            above(b, Layer::Compare(Box::new(Compare::new(comparison))))
        }),
        Context::Help => starts(|b| _ = b.keys("?").paste("no such key")),
        Context::Input => {
            let searches: Vec<Start> = vec![result("{}", "/"), result("{}", "|")];
            after("/").into_iter().chain(searches).collect()
        }
        Context::Choose => {
            let mut all = after("s");
            all.extend(starts(|b| _ = b.keys("s").paste("No Such")));
            all.extend(one(|| {
                let mut b = Bench::new();
                b.keys("s").paste("SleepAsync").keys("enter ctrl-g").paste("no such field");
                b
            }));
            all
        }
        Context::Task => {
            let unread = one(|| {
                let b = Bench::new();
                let reader = Reader::new(TaskKey("nobody".into()), &b.app.settings);
                above(b, Layer::Task(Box::new(reader)))
            });
            let without_hits = one(|| {
                let mut b = Bench::new();
                b.ran(&job("a")).keys("j enter /").paste("no such text").keys("enter");
                b
            });
            unread.into_iter().chain(without_hits).collect()
        }
        Context::Result => {
            let mut all: Vec<Start> =
                ["{}", "[]", "\"\"", "null", "nonsense"].map(|text| result(text, "")).into();
            all.push(result("{}", "/ n o enter n"));
            all
        }
        Context::Plot => vec![result("{\"a\": [0]}", "j p"), result("[0]", "p")],
        Context::Table => vec![result("[{}]", "t"), result("[{}]", "t o")],
        // A type without fields, and no text of a payload.
        Context::Form => one(|| {
            let mut b = Bench::new();
            let schema = r#"{"services": {"fridge": {"tasks": {"m:Bare": "x"}}}, "tasks": [
                {"type": "Bare", "class": "Bare", "module": "m", "schema": {"type": "object", "properties": {}}}]}"#;
            assert_eq!(b.app.catalogue.add_file("bare.json", schema), []);
            b.keys("s").paste("Bare").keys("enter");
            b
        }),
        Context::Text => one(|| {
            let mut b = Bench::new();
            b.kernel("lab", "idle").go_to("lab").keys("s").paste("RawIPython").keys("enter");
            b
        }),
        Context::Compose => one(|| {
            let mut b = Bench::new();
            b.keys("s").paste("No Such").keys("enter");
            while !b.composer().text().is_empty() {
                b.keys("ctrl-end backspace");
            }
            b
        }),
        Context::Many => one(|| {
            let mut b = Bench::new();
            b.keys("s").paste("SleepAsync").keys("enter alt-s ctrl-u alt-m ctrl-u");
            b
        }),
        Context::Confirm => one(|| {
            let mut b = Bench::new();
            b.app.ask(Confirm::new("", Vec::new(), ("", ""), Deed::Quit, b.now));
            b.later(1.0).msg(Msg::Wake);
            b
        }),
        Context::Labs => {
            let labs = starts(|b| b.app.know_labs(Labs::default()));
            labs.into_iter().collect()
        }
        Context::Replay => ["", "t", "F", "enter"].map(recording).into(),
    }
}

/// A recording without a message, and keys there.
fn recording(keys: &'static str) -> Start {
    Box::new(move || {
        let settings = Settings { watch_only: Some(BARRED.to_owned()), ..Settings::default() };
        let mut b = Bench::offline(settings, (100, 30));
        b.app.session = Session::of_recording(Store::new(Limits::default()), b.now);
        b.app.ui.replay = Some(Replay {
            file: String::new(),
            length: Duration::ZERO,
            entries: 0,
            ended: false,
            seen: 0,
            paused: false,
            speed: 1.0,
            seeking: None,
        });
        b.keys(keys);
        b
    })
}

/// Keys that every list takes, or that people try there.
const ALWAYS: [&str; 10] = ["up", "down", "pageup", "pagedown", "home", "end", "enter", "space", "x", "y"];

/// Where keys go, and what is left out there.
fn place(b: &Bench) -> (Vec<&'static str>, String, bool) {
    (b.layers(), b.app.ui.filter_text.clone(), b.app.ui.outside || b.app.ui.leaving)
}

#[test]
fn every_place_may_be_empty_under_every_key() {
    // B07.
    for context in Context::ALL {
        let mut keys: Vec<(&str, Option<Action>)> = ALWAYS.iter().map(|key| (*key, None)).collect();
        for entry in ACTIONS.iter().filter(|entry| entry.contexts.contains(&context)) {
            let keys_of = entry.keys.iter().filter(|key| !(context.takes_text() && key.chars().count() == 1));
            keys.extend(keys_of.map(|key| (*key, Some(entry.action))));
        }
        // What stands in the form is a task, if a bare one.
        keys.retain(|(_, action)| context != Context::Form || *action != Some(Action::Send));
        for (nth, start) in empty(context).iter().enumerate() {
            let mut b = start();
            let home = place(&b);
            let on_every_screen = matches!(context, Context::Labs | Context::Replay);
            assert!(on_every_screen || b.app.context() == context, "{context:?} {nth}: {:?}", b.layers());
            for (key, action) in &keys {
                b.take();
                b.keys(key).screen();
                let left = place(&b) != home;
                if left {
                    b.keys("down end enter up").screen();
                }
                let may = if *action == Some(Action::ReadAgain) { &["GetScheduledTasks"][..] } else { &[] };
                let sent = b.sent_types();
                assert!(sent.iter().all(|kind| may.contains(&&**kind)), "{context:?} {nth}, {key}: {sent:?}");
                let acts = |effect: &Effect| {
                    matches!(effect, Effect::Withdraw(_) | Effect::WasPutAway(_) | Effect::Control(..))
                };
                assert!(!b.effects.iter().any(acts), "{context:?} {nth}, {key}: {:?}", b.effects);
                if left {
                    b = start();
                }
            }
        }
    }
}
