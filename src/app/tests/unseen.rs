//! Keys that come right behind words of the lab, before these are drawn: they mean the rows that the person saw.

use super::{
    history::opened as history,
    logs::{Said, answer as answer_log, opened as logs},
    many::{accept_all, ends, sending},
    types::file,
    *,
};
use crate::app::{
    action::ACTIONS,
    mouse::Spot,
    palette::{Does, Item},
};

/// A list with a row under the cursor, and what takes that row away.
struct Case {
    what: &'static str,
    list: fn() -> Bench,
    goes: fn(&mut Bench),
    /// What is told where a key meant that row.
    said: &'static str,
}

/// A lab that keeps two tasks that have ended.
fn forgetful() -> Bench {
    let mut b = Bench::new();
    b.app.session.store = Store::new(Limits { ended_tasks: 2, ..Limits::default() });
    b.app.session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), b.now);
    b.connect();
    b
}

fn ran(b: &mut Bench, id: &str) {
    b.later(1.0).ran(&job(id));
}

fn fails(b: &mut Bench, id: &str, name: &str) {
    b.later(1.0).runs(&job(id)).completed(&job(id), &error(id, name, "x", ""));
}

/// Two that have failed in two ways; the older one goes with the next one.
fn failed() -> Bench {
    let mut b = forgetful();
    fails(&mut b, "old", "OldError");
    fails(&mut b, "next", "KeyError");
    b.keys("F j").shows("OldError");
    b
}

/// `a` and `b` wait at the scheduler, the cursor is on `a`; its list is being read again.
fn scheduled() -> Bench {
    let mut b = Bench::new();
    for sid in ["a", "b"] {
        b.later(1.0).scheduled(sid, None, &job(sid), "queued");
    }
    b.take();
    b.later(1.0).keys("t ctrl-r");
    assert_eq!(b.app.current_task().map(ToString::to_string).as_deref(), Some("a"));
    b
}

/// Only what waits is listed, and of `fridge` that is `w`.
fn what_waits() -> Bench {
    let mut b = Bench::new();
    b.scheduled("w", None, &job("w"), "queued").scheduled("v", None, &on_lab("v"), "queued");
    b.keys("/").paste("state:waiting,scheduled").keys("enter g");
    assert_eq!(b.selected(), "fridge");
    b
}

fn on_lab(id: &str) -> Job {
    Job { service: "lab".into(), ..job(id) }
}

fn w_starts(b: &mut Bench) {
    let w = Job { id: "task-w".into(), ..job("w") };
    b.scheduled("w", Some("task-w"), &w, "running").runs(&w);
}

/// The last line of the history is there no more.
fn pruned(b: &mut Bench) {
    let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("{:?}", b.layers()) };
    let mut found = history.found.clone();
    found.lines.pop();
    b.msg(Msg::Found(found));
}

const CASES: [Case; 12] = [
    Case {
        what: "the lanes: let go",
        list: || {
            let mut b = forgetful();
            ran(&mut b, "old");
            ran(&mut b, "next");
            b.keys("j j");
            assert_eq!(b.selected(), "old");
            b
        },
        goes: |b| ran(b, "new"),
        said: "nothing done: that task was let go to save memory",
    },
    Case {
        what: "the lanes: it does not pass the filter any more",
        list: || {
            let mut b = what_waits();
            b.keys("j");
            assert_eq!(b.selected(), "w");
            b
        },
        goes: w_starts,
        said: "nothing done: MeasureT1: qubit='w' stands here no more (running)",
    },
    Case {
        what: "services",
        list: what_waits,
        goes: w_starts,
        said: "nothing done: fridge stands here no more",
    },
    Case {
        what: "groups",
        list: || {
            let mut b = sending(3);
            accept_all(&mut b);
            b.keys("/").paste("state:waiting,scheduled").keys("enter g j");
            assert!(b.app.ui.selected.as_ref().is_some_and(|s| s.group.is_some()), "{:?}", b.app.ui.selected);
            b
        },
        goes: |b| {
            let members =
                b.app.store().tasks().filter_map(|task| Some((task.group.as_ref()?.mark.place, task)));
            let mut names: Vec<(u32, String)> =
                members.map(|(at, task)| (at, task.name.to_string())).collect();
            names.sort();
            let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
            for at in 1..=names.len() {
                ends(b, &names, at, &ok(&format!("t{at}")));
            }
        },
        said: "nothing done: SleepAsync over duration stands here no more",
    },
    Case {
        what: "kinds of failures",
        list: failed,
        goes: |b| fails(b, "new", "KeyError"),
        said: "nothing done: that kind of failure stands here no more",
    },
    Case {
        what: "failures",
        list: || {
            let mut b = failed();
            b.keys("enter j");
            assert_eq!(b.app.current_task().map(ToString::to_string).as_deref(), Some("old"));
            b
        },
        goes: |b| fails(b, "new", "KeyError"),
        said: "nothing done: that task was let go to save memory",
    },
    Case {
        what: "the schedule: its list anew",
        list: scheduled,
        goes: |b| {
            let entry = r#"{"scheduled_task_id": "b", "task_id": null, "target": "fridge", "task_type": "MeasureT1",
                "status": "queued", "display_name": "MeasureT1: qubit='b'", "eligible": true}"#;
            b.answer("GetScheduledTasks", &format!("[{entry}]"));
        },
        said: "nothing done: MeasureT1: qubit='a' stands here no more (unknown)",
    },
    Case {
        what: "the history: pruned",
        list: || {
            let mut b = history();
            b.keys("j");
            assert_eq!(b.app.current_task().map(ToString::to_string).as_deref(), Some("old-1"));
            b
        },
        goes: pruned,
        said: "nothing done: MeasureT1: old-1 stands here no more",
    },
    Case {
        what: "the log: followed",
        list: || {
            let mut b = logs();
            b.later(5.0).msg(Msg::Wake);
            b
        },
        goes: |b| answer_log(b, &[Said("lab", 20, "another one", 0.0)], false),
        said: "nothing done: another record stands here now",
    },
    Case {
        what: "the services: another moment of a recording",
        list: || {
            let services = Ok(["fridge", "lab", "odd"].map(services::about).to_vec());
            let mut b = Bench::with(Settings { services, ..Settings::default() }, (100, 30));
            b.ran(&Job { service: "odd".into(), ..job("o") }).go_to("odd");
            b.app.ui.moved = true;
            b.keys("m").shows("3 of 3");
            b
        },
        goes: |b| {
            b.app.session.store = Store::new(Limits::default());
            b.app.session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), b.now);
            b.msg(Msg::Wake);
        },
        said: "nothing done: odd stands here no more",
    },
    Case {
        what: "notices: the oldest is let go",
        list: || {
            let mut b = Bench::new();
            (0..told::MOST).for_each(|n| _ = b.msg(Msg::Done(Ok(n.to_string()))));
            b.keys("N G").shows("note    0");
            b
        },
        goes: |b| _ = b.msg(Msg::Done(Ok("another one".into()))),
        said: "nothing done: what was told then stands here no more",
    },
    Case {
        what: "choices of the composer",
        list: || {
            let mut b = Bench::new();
            let files = vec![file("fridge", "Scan", b.now)];
            b.keys("s")
                .msg(Msg::TypesRead { files, problems: Vec::new() })
                .types("Scan")
                .shows("file fridge.json 3 d");
            b
        },
        goes: |b| {
            let files = vec![file("fridge", "Scanner", b.now)];
            b.msg(Msg::TypesRead { files, problems: Vec::new() });
        },
        said: "nothing done: Scan stands here no more",
    },
];

impl Case {
    /// What took the row away has come, and the screen stands as it stood.
    fn behind(&self) -> Bench {
        let mut b = (self.list)();
        b.later(1.0).undrawn = true;
        (self.goes)(&mut b);
        b.take();
        b
    }
}

/// What is done to a row, or opened of it.
fn deeds(b: &Bench, layers: usize) -> Vec<String> {
    let opens = |layer: &&Layer| {
        !matches!(
            layer,
            Layer::Filter(_)
                | Layer::Help(_)
                | Layer::Schedule(_)
                | Layer::Services(_)
                | Layer::Beside(_)
                | Layer::Failures(_)
                | Layer::History(_)
                | Layer::Notices(_)
                | Layer::Columns(_)
                | Layer::Logs(_)
        )
    };
    let opened = b.app.ui.layers.iter().skip(layers).filter(opens).map(|layer| format!("{layer:?}"));
    let done = b.effects.iter().filter(|effect| match effect {
        Effect::Send(out) => field(&out.text, "type") != "GetScheduledTasks",
        Effect::ShowLab(_)
        | Effect::Redraw
        | Effect::Retry
        | Effect::AskToStop
        | Effect::Quit
        | Effect::FindPast(_)
        | Effect::ForgetPast
        | Effect::ReadTypes
        | Effect::LookAtServices
        | Effect::AskLog(_)
        | Effect::ForgetLog => false,
        _ => true,
    });
    opened.chain(done.map(|effect| format!("{effect:?}"))).collect()
}

#[test]
fn no_key_means_the_row_that_took_the_place_of_one_that_has_gone() {
    // B06.
    for case in &CASES {
        let context = case.behind().app.context();
        for entry in ACTIONS.iter().filter(|entry| entry.contexts.contains(&context)) {
            for key in entry.keys.iter().filter(|key| !(context.takes_text() && key.len() == 1)) {
                let mut b = case.behind();
                let layers = b.app.ui.layers.len();
                b.later(0.01).key(key);
                let told = format!("{}, {key}: {}", case.what, b.notice());
                assert_eq!(deeds(&b, layers), [""; 0], "{told}");
                if entry.action.means_row() {
                    assert_eq!(b.notice(), case.said, "{told}");
                }
            }
        }
    }
}

#[test]
fn no_click_means_it_either() {
    for case in &CASES {
        // Where the row stands that is going to leave.
        let mut b = (case.list)();
        b.look();
        let (width, height) = b.app.ui.size;
        let screen = b.screen();
        let is_selected = |place: &Position| {
            let spot = screen.spots.at(*place).filter(|spot| matches!(spot, Spot::Row(_) | Spot::Lane(_)));
            let mut rows = screen.panes.iter().flat_map(|pane| &pane.rows);
            spot.is_some() && rows.any(|row| row.spot == spot && row.selected)
        };
        let mut places = (0..height).flat_map(|y| (0..width).map(move |x| Position { x, y }));
        let place = places.find(is_selected).unwrap_or_else(|| panic!("{}", case.what));
        b.later(1.0).undrawn = true;
        (case.goes)(&mut b);
        b.take();
        let layers = b.app.ui.layers.len();
        b.later(0.01).click_at(place);
        assert_eq!(deeds(&b, layers), [""; 0], "{}: {}", case.what, b.notice());
        let told = b.notice();
        assert!(told == case.said || told.contains("had just changed"), "{}: {told}", case.what);
    }
}

/// Nor where another row was selected.
#[test]
fn a_click_on_a_row_that_has_gone_selects_none_in_its_place() {
    let mut b = forgetful();
    ran(&mut b, "old");
    ran(&mut b, "next");
    b.keys("g j");
    assert_eq!(b.selected(), "next");
    let place = b.look().place_of("qubit='old'");
    b.later(1.0).undrawn = true;
    ran(&mut b, "new");
    b.later(0.01).click_at(place);
    assert_eq!(b.notice(), "nothing done: that task was let go to save memory");
    b.key("enter");
    assert_eq!(b.layers(), [""; 0], "{}", b.notice());
}

#[test]
fn a_line_that_is_typed_hides_nothing_of_the_list_above_it() {
    let [lanes, ..] = &CASES;
    let mut b = (lanes.list)();
    b.keys("/");
    (lanes.goes)(&mut b);
    b.keys("enter enter");
    assert_eq!(b.layers(), ["task"], "{}", b.notice());

    let past = CASES.iter().find(|case| case.what.starts_with("the history")).unwrap();
    let mut b = (past.list)();
    let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("{:?}", b.layers()) };
    let mut found = history.found.clone();
    found.lines.pop();
    b.keys("/").msg(Msg::Found(found)).keys("enter enter");
    assert!(
        b.effects.iter().any(|effect| matches!(effect, Effect::OpenPast(_))),
        "{} {:?}",
        b.notice(),
        b.effects
    );
}

#[test]
fn until_the_neighbour_was_seen_no_second_key_means_it_either_and_then_each_does() {
    for case in &CASES {
        let key = if case.what.starts_with("the history") { "space" } else { "enter" };
        let mut b = case.behind();
        let layers = b.app.ui.layers.len();
        // Time goes on, an effect brings something, the person looks elsewhere and comes back: nothing is drawn.
        b.msg(Msg::Wake).msg(Msg::Done(Ok("copied".into()))).keys(&format!("{key} {key} f1 esc {key}"));
        assert_eq!((deeds(&b, layers), b.notice()), (Vec::new(), case.said), "{}", case.what);
        // A key that is let go changes nothing.
        let mut b = case.behind();
        let enter = Key::parse(key).unwrap().event();
        let released = KeyEvent { kind: crossterm::event::KeyEventKind::Release, ..enter };
        b.msg(Msg::Key(released)).keys(key);
        assert_eq!((deeds(&b, layers), b.notice()), (Vec::new(), case.said), "{}", case.what);
        // It is drawn, with the cursor on the neighbour.
        b.undrawn = false;
        b.later(0.1).msg(Msg::Wake).keys(key);
        assert!(!b.notice().starts_with("nothing done"), "{}: {}", case.what, b.notice());
    }
}

#[test]
fn what_the_palette_does_means_the_row_that_was_seen_below_it() {
    let mut tried = 0;
    for case in CASES.iter().filter(|case| !case.what.starts_with("choices")) {
        let mut b = (case.list)();
        b.keys("ctrl-p");
        let Some(palette) = b.app.ui.layers.pop() else { panic!("{}", case.what) };
        let Layer::Palette(mut palette) = palette else { panic!("{}: {palette:?}", case.what) };
        let is_deed = |item: &Item| {
            item.barred.is_none() && matches!(item.does, Does::Action(action) if action.means_row())
        };
        palette.selected = palette.items.iter().position(is_deed).unwrap();
        // The row goes below the palette, which stays as it was.
        b.undrawn = true;
        (case.goes)(&mut b);
        b.app.ui.layers.push(Layer::Palette(palette));
        let layers = b.app.ui.layers.len() - 1;
        b.undrawn = false;
        b.later(1.0).msg(Msg::Wake).take();
        b.keys("enter");
        assert_eq!((deeds(&b, layers), b.notice()), (Vec::new(), case.said), "{}", case.what);
        tried += 1;
    }
    assert_eq!(tried, CASES.len() - 1);
}

#[test]
fn the_cursor_goes_to_the_neighbour() {
    for (case, neighbour) in
        CASES.iter().zip(["next", "v", "lab", "", "", "", "b", "old-2", "another one", "lab", "1", "Scanner"])
    {
        let mut b = case.behind();
        b.undrawn = false;
        b.later(0.1).msg(Msg::Wake);
        let stands = match b.app.ui.layers.last() {
            None => b.selected(),
            Some(Layer::Services(services)) => {
                services.selected.as_ref().map(ToString::to_string).unwrap_or_default()
            }
            Some(Layer::Logs(logs)) => logs.selected().map(|it| it.message.to_string()).unwrap_or_default(),
            Some(Layer::Notices(list)) => list.selected().map(|it| it.text.clone()).unwrap_or_default(),
            Some(Layer::Choose(choose)) => choose.chosen().map(|name| name.to_string()).unwrap_or_default(),
            Some(_) => b.app.current_task().map(ToString::to_string).unwrap_or_default(),
        };
        assert_eq!(stands, neighbour, "{}", case.what);
    }
}

/// What was opened: the task that is read, or the line of the history that is asked for.
fn opened(b: &Bench) -> Option<String> {
    match b.app.ui.layers.last() {
        Some(Layer::Task(reader)) => Some(reader.key.to_string()),
        _ => b.effects.iter().find_map(|effect| match effect {
            Effect::OpenPast(row) => Some(format!("line {row}")),
            _ => None,
        }),
    }
}

#[test]
fn steps_go_over_the_rows_that_were_seen() {
    /// A list with the cursor on its last row but one, what takes the last one away, and what the other one opens.
    type Steps = (fn() -> Bench, fn(&mut Bench), &'static str);
    fn queued() -> Bench {
        let mut b = Bench::new();
        for sid in ["a", "b", "c"] {
            b.later(1.0).scheduled(sid, None, &job(sid), "queued");
        }
        b
    }
    let lists: [Steps; 4] = [
        (
            || {
                let mut b = queued();
                b.keys("/").paste("state:waiting,scheduled").keys("enter G k");
                b
            },
            |b| _ = b.scheduled("c", None, &job("c"), "cancelled"),
            "b",
        ),
        (
            || {
                let mut b = queued();
                b.keys("t G k");
                b
            },
            |b| _ = b.scheduled("c", None, &job("c"), "cancelled"),
            "b",
        ),
        (
            || {
                let mut b = forgetful();
                fails(&mut b, "old", "KeyError");
                fails(&mut b, "next", "KeyError");
                b.keys("F enter G k");
                b
            },
            |b| ran(b, "new"),
            "next",
        ),
        (history, pruned, "line 2"),
    ];
    for (list, goes, kept) in lists {
        let play = |seen: &str, unseen: &str| {
            let mut b = list();
            b.keys(seen).take();
            b.undrawn = true;
            goes(&mut b);
            b.keys(unseen);
            b
        };
        let b = play("j k", "j enter");
        assert_eq!(opened(&b), None, "the row that was stepped to has gone: {kept}");
        assert!(b.notice().starts_with("nothing done"), "{kept}: {}", b.notice());
        let b = play("j", "k enter");
        assert_eq!(opened(&b).as_deref(), Some(kept), "from the row that has gone");
        let b = play("j k", "enter");
        assert_eq!(opened(&b).as_deref(), Some(kept), "another one has gone");
    }
}

#[test]
fn a_move_and_marks_that_have_lost_their_sense_unseen_turn_no_key_into_another() {
    let mut b = scheduled();
    b.keys("j K").shows("moves it here");
    let moving = |b: &Bench| matches!(b.app.ui.layers.last(), Some(Layer::Schedule(s)) if s.moving.is_some());
    assert!(moving(&b));
    let play = |keys: &str| {
        let mut b = scheduled();
        b.keys("j K");
        b.undrawn = true;
        // Its neighbour to be.
        b.scheduled("a", None, &job("a"), "cancelled").take();
        b.keys(keys);
        b
    };
    for keys in ["enter", "J", "space", "f1 esc enter"] {
        let b = play(keys);
        assert_eq!((b.layers(), moving(&b)), (vec!["schedule"], false), "{keys}");
        assert_eq!(b.notice(), "the list has changed: nothing was moved", "{keys}");
    }
    assert_eq!(play("esc").layers(), ["schedule"], "it leaves the move, not the schedule");
    // The marks go, and with them what the key would have meant.
    let mut b = scheduled();
    b.keys("space").shows("1 marked");
    b.undrawn = true;
    b.scheduled("a", None, &job("a"), "cancelled").take();
    b.keys("x");
    assert_eq!((b.layers(), b.notice()), (vec!["schedule"], "nothing done: all that was marked has ended"));
}

#[test]
fn keys_that_are_typed_ahead_go_on_with_what_they_have_changed() {
    let mut b = Bench::new();
    for id in ["a", "b", "c"] {
        ran(&mut b, id);
    }
    b.keys("j j");
    assert_eq!(b.selected(), "b");
    b.undrawn = true;
    b.keys("/").types("='c'").keys("enter enter");
    assert_eq!(opened(&b).as_deref(), Some("c"), "{}", b.notice());
    // Also where something else comes in between.
    b.keys("esc esc").later(1.0).ran(&job("d")).keys("g j enter");
    assert_eq!(opened(&b).as_deref(), Some("c"), "the rows are those that were seen last");
}

#[test]
fn a_row_that_goes_under_a_task_that_is_read_is_not_confused_with_its_neighbour() {
    let mut b = forgetful();
    ran(&mut b, "old");
    ran(&mut b, "next");
    b.keys("j j enter");
    assert_eq!(b.reader().key, TaskKey("old".into()));
    ran(&mut b, "new");
    b.shows("this task was let go to save memory; the last that was known:").shows("\"qubit\": \"old\"");
    for key in ["r", "x", "d", "X", "y", "Y", "S", "c", "v", "T"] {
        b.take();
        b.keys(key);
        assert_eq!((b.layers(), b.effects.len()), (vec!["task"], 0), "{key}");
        assert_eq!(b.notice(), "it was let go to save memory: nothing more is known of it", "{key}");
    }
    b.undrawn = true;
    b.keys("esc r");
    assert_eq!((b.layers(), b.notice()), (vec![], "nothing done: that task was let go to save memory"));
    // What nobody has read has nothing that was known.
    b.undrawn = false;
    let reader = Reader::new(TaskKey("old".into()), &b.app.settings);
    b.app.ui.layers.push(Layer::Task(Box::new(reader)));
    b.later(1.0)
        .msg(Msg::Wake)
        .shows("let go to save memory before it was read")
        .shows_not("the last that was known");
}
