//! What is large, measured: results of 50 MiB, a traceback of 70,000 lines, a history of 100,000 tasks, a lane of 60,000.
//!
//! `cargo bench`. Machines differ and are shared, so each group has its own yardstick in the same run: touching the same
//! bytes once (`touch`), or drawing the same screen with ten tasks. The targets and what was measured stand in
//! `docs/performance.md`.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]

use std::{fmt::Write as _, hint::black_box, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use juicetop::{
    app::{
        App, Effect, Layer, Msg, Settings,
        session::{Ids, Session},
        update,
    },
    catalogue::Catalogue,
    clean::Charset,
    result::{
        Index, Rows, Tree,
        search::{Direction, Needle, Scope, Search, Step},
    },
    store::{
        Input, Lane, Limits, Moment, Outcome, Past, State, Store, TaskKey,
        filter::Filter,
        past::query::{self, Column, Found, Line, Order, Query},
    },
    theme::{Glyphs, Theme, Themes},
    time::Now,
    traceback::Report,
    view::{self, Look},
    widgets::Painted,
    wire::{
        event::{Event, Stamp, TaskEvent, TaskEventState},
        frame::{Reply, Snapshot},
    },
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget as _};

const SIZE: usize = 50 * 1024 * 1024;

fn floats() -> String {
    let mut text = String::from("[");
    let mut n = 0_u32;
    while text.len() < SIZE {
        let _ = write!(text, "{:.17}, ", f64::from(n) / 97.0);
        n += 1;
    }
    text + "0.0]"
}

fn objects() -> String {
    let mut text = String::from("[");
    let mut n = 0_u32;
    while text.len() < SIZE {
        let _ = write!(
            text,
            r#"{{"qubit": "q{n}", "t1_us": {:.6}, "ok": true, "trace": [1, 2, {n}]}}, "#,
            f64::from(n) / 31.0
        );
        n += 1;
    }
    text + "{}]"
}

fn string() -> String {
    let mut text = String::from("\"");
    while text.len() < SIZE {
        text.push_str(
            "2026-11-24 22:41:03 INFO sweep: point 401 of 1000, amplitude 0.125, qubit \\\"q3\\\"\\n",
        );
    }
    text + "\""
}

/// Target: the index of each in at most 4 times of what touching its bytes takes; then a page, a place and a search that
/// answer within a frame (33 ms) a step.
fn results(c: &mut Criterion) {
    for (name, text) in [("floats", floats()), ("objects", objects()), ("one string", string())] {
        let mut group = c.benchmark_group(format!("50 MiB of {name}"));
        group
            .throughput(Throughput::Bytes(text.len() as u64))
            .sample_size(10)
            .measurement_time(Duration::from_secs(3));
        group.bench_function("touch", |b| b.iter(|| memchr::memchr(0, black_box(text.as_bytes()))));
        group.bench_function("index", |b| b.iter(|| Index::new(black_box(&text)).expect("it is JSON")));
        let index = Index::new(&text).expect("it is JSON");
        let tree = Tree::new(&text, &index);
        group.bench_function("open and show a page", |b| {
            b.iter(|| {
                let mut rows = Rows::new(&tree);
                rows.unfold(&tree, 0, 1);
                let middle = rows.len() / 2;
                rows.rows(&tree, middle..middle + 50)
            });
        });
        group.bench_function("search all of it", |b| {
            b.iter(|| {
                let needle = Needle::new("not in it", Scope::All).expect("a needle");
                let mut search = Search::new(needle, Direction::Forward, 0, text.len());
                while !matches!(search.step(&tree), Step::Nowhere) {}
            });
        });
        group.finish();
    }
}

/// Target: 100 ms, also for a chain of 301 exceptions.
fn tracebacks(c: &mut Criterion) {
    let mut long = String::from("Traceback (most recent call last):\n");
    for n in 1..70_000 / 2 {
        let _ = write!(long, "  File \"/lab/sweep.py\", line {n}, in step_{}\n    step(n - 1)\n", n % 7);
    }
    long.push_str("RecursionError: maximum recursion depth exceeded\n");
    let mut chain = String::new();
    for n in 0..301 {
        let _ = write!(
            chain,
            "Traceback (most recent call last):\n  File \"/lab/a.py\", line {n}, in f\n    g()\nValueError: {n}\n"
        );
        if n < 300 {
            chain.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
    }
    let mut group = c.benchmark_group("tracebacks");
    for (name, text) in [("70,000 lines", &long), ("a chain of 301", &chain)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{name}: touch"), |b| {
            b.iter(|| memchr::memchr(0, black_box(text.as_bytes())));
        });
        group.bench_function(format!("{name}: read"), |b| {
            b.iter(|| Report::read(black_box(text), None, None));
        });
    }
    group.finish();
}

fn past(n: usize) -> Past {
    let at = DateTime::from_timestamp(1_795_554_000, 0).expect("a moment") + TimeDelta::seconds(n as i64);
    Past {
        key: TaskKey(format!("{n:08x}-73b7-4ee6-9d10-aa3d2e5c18f0").into()),
        service: "lab".into(),
        task_type: "MeasureT1".into(),
        name: format!("MeasureT1: qubit='q{}', averages={n}", n % 50).into(),
        lane: Lane::Sequential,
        state: State::Ended,
        outcome: Some(if n.is_multiple_of(9) { Outcome::Failed } else { Outcome::Ok }),
        reason: None,
        task_id: None,
        scheduled_task_id: None,
        own: None,
        hidden: false,
        heard: at,
        started: Some(Moment { at, exact: true }),
        ended: None,
        took: Some((Duration::from_secs(n as u64 % 300), true)),
        ename: n.is_multiple_of(9).then(|| "KeyError".into()),
        evalue: n.is_multiple_of(9).then(|| "'amplitude'".into()),
        archived: false,
        not_before: None,
    }
}

/// A program whose history has so many lines.
struct Screen {
    app: App,
    now: Now,
    lines: Vec<Line>,
    payloads: Vec<String>,
}

impl Screen {
    fn new(lines: usize) -> Screen {
        let session = Session::new(Store::new(Limits::default()), Ids::Random);
        let app = App::new(session, Catalogue::new(), Settings::default(), (200, 50));
        let lines = (0..lines).map(|n| (n as i64, Arc::new(past(n)))).collect::<Vec<Line>>();
        let payload = |(n, _): &Line| {
            format!(
                r#"{{"qubit": "q{}", "averages": {n}, "delays": [1e-06, 2e-06, 5e-06, 1e-05], "fit": {{"model": "exp", "bounds": null}}}}"#,
                n % 50
            )
        };
        let payloads = lines.iter().map(payload).collect();
        let mut screen = Screen { app, now: Now::at(0.0), lines, payloads };
        let query = screen.press('h').expect("a question");
        screen.answer(&query);
        screen
    }

    fn press(&mut self, key: char) -> Option<Box<Query>> {
        self.now.mono += Duration::from_millis(300);
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        let effects = update(&mut self.app, Msg::Key(key), self.now);
        effects.into_iter().find_map(|effect| match effect {
            Effect::FindPast(query) => Some(query),
            _ => None,
        })
    }

    fn find(&self, order: &Order, query: &Query) -> Vec<Line> {
        let payload = |row: i64| self.payloads.get(row as usize).map(|payload| payload.as_str().into());
        query::answer(&self.lines, order, query, payload, || false).expect("nobody gives it up")
    }

    fn answer(&mut self, query: &Query) {
        let lines = self.find(&Order::of(&self.lines, query), query);
        let found = Found {
            id: query.id,
            lines,
            total: self.lines.len(),
            left_out: 0,
            gone: 0,
            until: None,
            lost: 0,
        };
        update(&mut self.app, Msg::Found(found), self.now);
        self.app.settle(self.now);
    }

    fn draw(&mut self, buffer: &mut Buffer, theme: &Theme) {
        draw(&mut self.app, self.now, buffer, theme);
    }
}

/// As the loop draws.
fn draw(app: &mut App, now: Now, buffer: &mut Buffer, theme: &Theme) {
    app.settle(now);
    let look = Look { glyphs: Glyphs::of(Charset::Unicode) };
    let screen = view::screen(app, look, now);
    Painted { screen: &screen, theme, charset: Charset::Unicode }.render(buffer.area, buffer);
}

/// Target: a key with its frame takes no longer with 100,000 tasks than twice what it takes with ten, and a filter's answer
/// (beside the loop) comes within a frame (33 ms).
fn history(c: &mut Criterion) {
    let theme = Themes::new([]).load("dark").0;
    let mut group = c.benchmark_group("history");
    group.sample_size(30);
    for (name, lines) in [("10", 10), ("100,000", 100_000)] {
        let mut screen = Screen::new(lines);
        assert!(
            matches!(screen.app.ui.layers.last(), Some(Layer::History(history)) if history.found.lines.len() == lines)
        );
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 50));
        group.bench_function(format!("{name} tasks: a key and its frame at 200x50"), |b| {
            let mut down = false;
            b.iter(|| {
                down = !down;
                screen.press(if down { 'G' } else { 'g' });
                screen.draw(&mut buffer, &theme);
            });
        });
        screen.press('/');
        for (what, text) in [
            ("a word", "q3"),
            ("terms", "outcome:failed took>30s q3"),
            ("a pattern", "/q[34]',/"),
            ("what stands in payloads", "payload.qubit:q3"),
        ] {
            let mut query = None;
            for key in text.chars() {
                query = screen.press(key).or(query);
            }
            let query = query.expect("a question");
            // As the first key of the filter has left it.
            let order = Order::of(&screen.lines, &query);
            group.bench_function(format!("{name} tasks: the answer to {what}"), |b| {
                b.iter(|| screen.find(&order, &query));
            });
            for _ in text.chars() {
                let key = KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE);
                update(&mut screen.app, Msg::Key(key), screen.now);
            }
        }
        for (column, what) in [(Column::Name, "names"), (Column::Took, "lengths"), (Column::Error, "errors")]
        {
            let filter = Filter::default();
            let query = Query { id: 0, filter, hidden: false, sort: column, down: false, away: None };
            group.bench_function(format!("{name} tasks: sorted by their {what}"), |b| {
                b.iter(|| screen.find(&Order::of(&screen.lines, &query), &query));
            });
        }
    }
    group.finish();
}

/// A task of the lab as the bus tells of it.
fn told(id: &str, state: TaskEventState) -> Event {
    let reply = format!(r#"{{"id": "{id}", "status": "ok", "result": 1}}"#);
    let payload = r#"{"qubit": "q1", "averages": 5}"#;
    let over = state == TaskEventState::Completed;
    Event::Task(Box::new(TaskEvent {
        time: Stamp { raw: id.into(), at: DateTime::from_timestamp(1_795_554_000, 0) },
        task_id: id.into(),
        target: "fridge".into(),
        task_type: "MeasureT1".into(),
        display_name: "MeasureT1: qubit='q1', averages=5".into(),
        parallel: Some(false),
        metadata: r#"{"parallel": false}"#.into(),
        reply: over.then(|| Reply::parse(reply.as_str().into()).expect("a reply")),
        payload: if over { reply.as_str().into() } else { payload.into() },
        state,
        show_in_dashboard: true,
    }))
}

/// A program in a lab where so many tasks wait for one slot, and twenty ran before.
fn waiting(tasks: usize) -> (App, Now) {
    let mut session = Session::new(Store::new(Limits::default()), Ids::Random);
    let mut now = Now::at(0.0);
    session.store.apply(Input::BusLink(true), now);
    for n in 0..20 {
        for state in [TaskEventState::Created, TaskEventState::Started, TaskEventState::Completed] {
            now.mono += Duration::from_secs(1);
            session.store.apply(Input::Bus(told(&format!("ran{n}"), state)), now);
        }
    }
    let entries: Vec<String> = (0..tasks)
        .map(|n| {
            let at = DateTime::from_timestamp(1_795_554_000 + n as i64, 0).expect("a moment").to_rfc3339();
            format!(
                r#"{{"scheduled_task_id": "5c4ed000-0000-4000-8000-{n:012}", "task_id": null, "target": "fridge", "task_type": "MeasureT1", "display_name": "MeasureT1: qubit='q{}', averages={n}", "status": "queued", "run_at": null, "submitted_at": "{at}", "result": null, "eligible": true, "overdue": false}}"#,
                n % 50
            )
        })
        .collect();
    let list = Snapshot::parse_list(&format!("[{}]", entries.join(", "))).expect("a list");
    session.store.apply(Input::Schedule(list), now);
    assert_eq!(session.store.counts(true).waiting, tasks);
    (App::new(session, Catalogue::new(), Settings::default(), (200, 50)), now)
}

/// Target: a key with its frame takes no longer where 60,000 tasks wait for a slot than ten times what it takes with ten.
fn lanes(c: &mut Criterion) {
    let theme = Themes::new([]).load("dark").0;
    let mut group = c.benchmark_group("lanes");
    group.sample_size(20);
    for (name, tasks) in [("10", 10), ("60,000", 60_000)] {
        let (mut app, mut now) = waiting(tasks);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 50));
        let mut press = |app: &mut App, key: char| {
            now.mono += Duration::from_millis(300);
            let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
            update(app, Msg::Key(key), now);
            draw(app, now, &mut buffer, &theme);
        };
        let mut down = false;
        let mut back_and_forth = |app: &mut App, press: &mut dyn FnMut(&mut App, char)| {
            down = !down;
            press(app, if down { 'j' } else { 'k' });
        };
        group.bench_function(format!("{name} tasks wait: a key and its frame at 200x50"), |b| {
            b.iter(|| back_and_forth(&mut app, &mut press));
        });
        press(&mut app, 't');
        assert!(matches!(app.ui.layers.last(), Some(Layer::Schedule(_))));
        group.bench_function(format!("{name} tasks wait: a key in the schedule and its frame"), |b| {
            b.iter(|| back_and_forth(&mut app, &mut press));
        });
    }
    group.finish();
}

criterion_group!(large, results, tracebacks, history, lanes);
criterion_main!(large);
