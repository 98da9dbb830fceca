//! Tests of what keys and messages do: (state before, keys in the configuration's spelling, state and effects after).
//!
//! [`Bench`] plays the lab, the terminal and the clock. What it gives to the program went through the wire's own
//! decoder, so that a test cannot say what no lab could.

mod archive;
mod begun;
mod clocks;
mod composing;
mod copying;
mod deeds;
mod editing;
mod empty;
mod errors;
mod failures;
mod forms;
mod history;
mod kept;
mod labs;
mod lanes;
mod large;
mod leaving;
mod left;
pub(crate) mod logs;
mod lost;
mod made;
mod many;
mod model;
mod mouse;
mod notices;
mod outputs;
mod palette;
mod pressed;
mod random;
mod reading;
mod replay;
mod results;
mod safety;
mod schedule;
pub(crate) mod services;
mod silence;
mod talk;
mod traces;
mod twice;
mod types;
mod unseen;
mod welcome;
mod when;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    widgets::Widget,
};

use super::{keymap::Key, session::Outgoing, *};
use crate::{
    clean::Clean,
    store::{Input, Limits, Outcome},
    term,
    theme::{Glyphs, Theme},
    view::{self, Look, Screen},
    widgets::Painted,
    wire::{
        bus,
        event::Event,
        frame::Reply,
        json,
        link::{Incoming, Problem, ProblemKind},
    },
};

/// The program with a lab that a test plays.
pub(crate) struct Bench {
    pub app: App,
    pub now: Now,
    /// Everything that was asked for since the last [`Bench::take`].
    pub effects: Vec<Effect>,
    /// How far the lab's clock is ahead, and how far our wall clock was set ahead since the start.
    pub lab_ahead: TimeDelta,
    pub set_ahead: TimeDelta,
    /// What stands as the time of each task that runs.
    made: HashMap<String, String>,
    /// Messages come so close together that nothing is drawn between them.
    pub undrawn: bool,
}

/// One task of the lab.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: String,
    pub service: String,
    pub kind: String,
    pub name: String,
    pub parallel: bool,
    pub hidden: bool,
    pub payload: String,
}

/// A sequential task on `fridge`.
pub(crate) fn job(id: &str) -> Job {
    Job {
        id: id.into(),
        service: "fridge".into(),
        kind: "MeasureT1".into(),
        name: format!("MeasureT1: qubit='{id}'"),
        parallel: false,
        hidden: false,
        payload: format!(r#"{{"qubit": "{id}", "averages": 5}}"#),
    }
}

pub(crate) fn parallel(id: &str) -> Job {
    Job { parallel: true, kind: "Ping".into(), name: format!("Ping: message='{id}'"), ..job(id) }
}

pub(crate) fn ok(id: &str) -> String {
    format!(r#"{{"id": "{id}", "status": "ok", "result": 1}}"#)
}

pub(crate) fn error(id: &str, name: &str, message: &str, traceback: &str) -> String {
    let (name, message, traceback) = (json::quote(name), json::quote(message), json::quote(traceback));
    format!(
        r#"{{"id": "{id}", "status": "error", "ename": {name}, "evalue": {message}, "traceback": {traceback}}}"#
    )
}

/// A file of `tests/cases`.
pub(crate) fn case(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The events of a recorded bus, in their order.
pub(crate) fn recorded(name: &str) -> Vec<Event> {
    case(name)
        .lines()
        .map(|line| {
            let text = |key| json::string(json::get(line, key).unwrap()).unwrap().into_owned();
            bus::decode(&bus::encode(&text("topic"), &text("event"))).unwrap()
        })
        .collect()
}

pub(crate) fn live() -> LinkState {
    LinkState::Live
}

/// A connection that is down for the next seconds.
pub(crate) fn down(now: Now) -> LinkState {
    LinkState::Waiting {
        attempt: 2,
        until: now.mono + Duration::from_secs(8),
        problem: Problem {
            kind: ProblemKind::Unreachable,
            what: "nothing answers at ws://127.0.0.1:7324 (connection refused)".into(),
            remedy: "Is Juice running? `juicetop doctor` tells what was found".into(),
        },
    }
}

impl Bench {
    /// Connected, with the services `fridge` and `lab`, an empty scheduler, at second 0, on 100×30.
    pub fn new() -> Bench {
        Bench::with(Settings::default(), (100, 30))
    }

    pub fn with(settings: Settings, size: (u16, u16)) -> Bench {
        let mut b = Bench::offline(settings, size);
        b.connect();
        b.answer("GetScheduledTasks", "[]");
        b.answer("GetEventTopicList", "{}");
        b.take();
        b
    }

    /// As [`Bench::new`], with nothing heard of the lab.
    pub fn offline(settings: Settings, size: (u16, u16)) -> Bench {
        let session = Session::new(Store::new(Limits::default()), session::Ids::Counted(0));
        let now = Now::at(0.0);
        let mut app = App::new(session, Catalogue::new(), settings, size);
        app.session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), now);
        app.start(now);
        Bench {
            app,
            now,
            effects: Vec::new(),
            lab_ahead: TimeDelta::zero(),
            set_ahead: TimeDelta::zero(),
            made: HashMap::new(),
            undrawn: false,
        }
    }

    /// Adds `forms`, the demonstration's service that has every kind of field, and goes there.
    pub fn add_forms(&mut self) -> &mut Bench {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/forms.json");
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(self.app.catalogue.add_file("forms.json", &text), []);
        let names = vec!["forms".into(), "lab".into()];
        self.app.session.store.apply(Input::Configured(names), self.now);
        self.kernel("lab", "idle");
        self.go_to("forms")
    }

    /// Selects a service.
    pub fn go_to(&mut self, service: &str) -> &mut Bench {
        self.app.ui.selected = Some(Selected { service: service.into(), task: None, group: None });
        self
    }

    pub fn connect(&mut self) -> &mut Bench {
        self.link(Line::Bus, live()).link(Line::Router, live()).speaks()
    }

    /// The bus brings something, so that it is known to.
    pub fn speaks(&mut self) -> &mut Bench {
        self.bus("Identifier.", "{}")
    }

    pub fn disconnect(&mut self) -> &mut Bench {
        let state = down(self.now);
        let apart = self.app.store().tasks().filter(|task| task.own == Some(crate::store::Own::Apart));
        let open = apart.filter(|task| matches!(task.state, State::Waiting | State::Running { .. }));
        let own: Vec<_> = open.filter_map(|task| task.task_id.clone()).collect();
        self.link(Line::Bus, state.clone()).link(Line::Router, state.clone());
        for id in own {
            self.link(Line::Task(id), state.clone());
        }
        self
    }

    pub fn at(&mut self, seconds: f64) -> &mut Bench {
        let now = Now::at(seconds);
        self.now = Now { utc: now.utc + self.set_ahead, ..now };
        self
    }

    /// What the lab's clock shows.
    pub fn by_lab(&self) -> DateTime<Utc> {
        Now::at(self.now.mono.as_secs_f64()).utc + self.lab_ahead
    }

    /// The same as the lab writes it.
    pub fn stamp(&self) -> String {
        self.by_lab().to_rfc3339()
    }

    pub fn later(&mut self, seconds: f64) -> &mut Bench {
        let seconds = self.now.mono.as_secs_f64() + seconds;
        self.at(seconds)
    }

    pub fn msg(&mut self, msg: Msg) -> &mut Bench {
        let effects = update(&mut self.app, msg, self.now);
        if !self.undrawn {
            // What the loop does before it draws.
            self.app.settle(self.now);
            self.app.was_drawn();
        }
        self.effects.extend(effects);
        self
    }

    /// Presses keys in the configuration's spelling, with a blank between two, a fifth of a second apart.
    pub fn keys(&mut self, keys: &str) -> &mut Bench {
        for key in keys.split_whitespace() {
            self.later(0.2).key(key);
            // What the loop does where nothing follows.
            if self.app.ui.said_yes.is_some() {
                self.waits();
            }
        }
        self
    }

    /// Nothing happens for as long as a *yes* must stand alone.
    pub fn waits(&mut self) -> &mut Bench {
        self.later(0.06).msg(Msg::Wake)
    }

    /// Presses one key in this very moment.
    pub fn key(&mut self, key: &str) -> &mut Bench {
        let key = Key::parse(key).unwrap_or_else(|| panic!("no key: {key}")).event();
        self.msg(Msg::Key(key))
    }

    /// Types a text, character by character.
    pub fn types(&mut self, text: &str) -> &mut Bench {
        for c in text.chars() {
            self.later(0.05).msg(Msg::Key(KeyEvent::from(crossterm::event::KeyCode::Char(c))));
        }
        self
    }

    /// Bytes of a terminal, as the reader of its keys makes keys of them.
    pub fn sends(&mut self, bytes: &str) -> &mut Bench {
        let mut inputs = Vec::new();
        term::Parser::new(0x7f, term::ESCAPE_WAIT).feed(bytes.as_bytes(), self.now, &mut inputs);
        for input in inputs {
            let term::Input::Key(key) = input else { panic!("no key, but {input:?}") };
            self.later(0.1).msg(Msg::Key(key));
        }
        self
    }

    /// The screen is drawn, with what the mouse can mean there.
    pub fn look(&mut self) -> &mut Bench {
        let spots = self.screen().spots;
        self.app.was_drawn_with(spots);
        self
    }

    /// Where that text stands first; in its middle.
    #[track_caller]
    pub fn place_of(&self, text: &str) -> Position {
        let lines = self.lines();
        let found = lines.iter().zip(0..).find_map(|(line, y)| Some((line.find(text)?, line, y)));
        let Some((at, line, y)) = found else {
            panic!("`{text}` is not on the screen:\n{}", lines.join("\n"))
        };
        let columns = |text: &str| Clean::line(text, self.app.settings.charset).width();
        Position { x: (columns(&line[..at]) + columns(text) / 2) as u16, y }
    }

    /// The mouse does that there, in this very moment.
    pub fn mouse(&mut self, kind: MouseEventKind, place: Position) -> &mut Bench {
        let (column, row) = (place.x, place.y);
        self.msg(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Clicks there, on what was drawn last.
    pub fn click_at(&mut self, place: Position) -> &mut Bench {
        self.mouse(MouseEventKind::Down(MouseButton::Left), place)
            .mouse(MouseEventKind::Up(MouseButton::Left), place)
    }

    /// Looks, and clicks on that text.
    #[track_caller]
    pub fn click(&mut self, text: &str) -> &mut Bench {
        let place = self.place_of(text);
        self.later(0.2).look().click_at(place)
    }

    /// Looks, and turns the wheel over that text.
    #[track_caller]
    pub fn wheel(&mut self, down: bool, text: &str) -> &mut Bench {
        let place = self.place_of(text);
        let kind = if down { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp };
        self.later(0.1).look().mouse(kind, place)
    }

    pub fn paste(&mut self, text: &str) -> &mut Bench {
        self.msg(Msg::Paste(text.into()))
    }

    pub fn wire(&mut self, incoming: Incoming) -> &mut Bench {
        self.msg(Msg::Wire(incoming))
    }

    pub fn link(&mut self, line: Line, state: LinkState) -> &mut Bench {
        self.wire(Incoming::Link { line, state })
    }

    pub fn bus(&mut self, topic: &str, event: &str) -> &mut Bench {
        let event = bus::decode(&bus::encode(topic, event)).unwrap();
        self.wire(Incoming::Bus(event))
    }

    fn task_event(&mut self, job: &Job, state: &str, payload: &str) -> &mut Bench {
        let metadata = format!(
            r#"{{"parallel": {}, "display_name": {}, "show_in_dashboard": {}}}"#,
            job.parallel,
            json::quote(&job.name),
            !job.hidden
        );
        // One time for all events of a run.
        let now = self.stamp();
        if state == "created" {
            self.made.insert(job.id.clone(), now.clone());
        }
        let event = format!(
            r#"{{"time": {}, "task_id": {}, "task_target": {}, "task_type": {},
                "task_display_name": {}, "task_metadata": {}, "task_payload": {}, "task_state": "{state}",
                "show_in_dashboard": {}}}"#,
            json::quote(self.made.get(&job.id).unwrap_or(&now)),
            json::quote(&job.id),
            json::quote(&job.service),
            json::quote(&job.kind),
            json::quote(&job.name),
            json::quote(&metadata),
            json::quote(payload),
            !job.hidden,
        );
        self.bus("TaskEvent.", &event)
    }

    /// Created and started.
    pub fn runs(&mut self, job: &Job) -> &mut Bench {
        self.task_event(job, "created", &job.payload).task_event(job, "started", &job.payload)
    }

    pub fn completed(&mut self, job: &Job, reply: &str) -> &mut Bench {
        self.task_event(job, "completed", reply)
    }

    /// Runs and ends well.
    pub fn ran(&mut self, job: &Job) -> &mut Bench {
        let reply = ok(&job.id);
        self.runs(job).completed(job, &reply)
    }

    /// The scheduler's word about a task of the id `sid`.
    pub fn scheduled(&mut self, sid: &str, task_id: Option<&str>, job: &Job, status: &str) -> &mut Bench {
        let task_id = task_id.map_or_else(|| "null".to_owned(), json::quote);
        let event = format!(
            r#"{{"time": "{}", "scheduled_task_id": "{sid}", "task_id": {task_id}, "target": {},
                "task_type": {}, "display_name": {}, "status": "{status}"}}"#,
            self.stamp(),
            json::quote(&job.service),
            json::quote(&job.kind),
            json::quote(&job.name),
        );
        self.bus(&format!("ScheduledTaskEvent.{sid}."), &event)
    }

    pub fn kernel(&mut self, service: &str, state: &str) -> &mut Bench {
        let event = format!(r#"{{"time": "{}", "service": "{service}", "state": "{state}"}}"#, self.stamp());
        self.bus(&format!("IPythonServiceState.{service}."), &event)
    }

    /// What went to the sockets since the last [`Bench::take`].
    pub fn sent(&self) -> Vec<&Outgoing> {
        self.effects
            .iter()
            .filter_map(|e| match e {
                Effect::Send(out) => Some(out),
                _ => None,
            })
            .collect()
    }

    /// The types of the frames that went out.
    pub fn sent_types(&self) -> Vec<String> {
        self.sent().iter().map(|out| field(&out.text, "type")).collect()
    }

    /// Forgets what was asked for.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A reply on the router's connection.
    pub fn reply(&mut self, text: &str) -> &mut Bench {
        let reply = Reply::parse(text.into()).unwrap();
        self.wire(Incoming::Reply { line: Line::Router, reply })
    }

    /// Answers the newest frame of that type with a result.
    #[track_caller]
    pub fn answer(&mut self, kind: &str, result: &str) -> &mut Bench {
        let id =
            self.sent().iter().rev().find(|out| field(&out.text, "type") == kind).map(|out| out.id.clone());
        let id = id.unwrap_or_else(|| panic!("no {kind} went out, but {:?}", self.sent_types()));
        self.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": {result}}}"#))
    }

    pub fn notice(&self) -> &str {
        self.app.ui.notice.as_ref().map_or("", |n| &n.text)
    }

    /// The selected task's id, or the service's name.
    pub fn selected(&self) -> String {
        match &self.app.ui.selected {
            None => String::new(),
            Some(Selected { task: Some(key), .. }) => key.to_string(),
            Some(Selected { service, .. }) => service.to_string(),
        }
    }

    /// The screen line of the selected row, within the lanes.
    pub fn line(&self) -> usize {
        self.app.selected_row().unwrap() - self.app.first_row()
    }

    /// The layers by the name of their place.
    pub fn layers(&self) -> Vec<&'static str> {
        self.app.ui.layers.iter().map(|l| l.context().title()).collect()
    }

    #[track_caller]
    pub fn confirm(&self) -> &Confirm {
        match self.app.ui.layers.last() {
            Some(Layer::Confirm(c)) => c,
            other => panic!("no question, but {other:?}; notice: {}", self.notice()),
        }
    }

    #[track_caller]
    pub fn composer(&self) -> &Compose {
        match self.app.ui.layers.last() {
            Some(Layer::Compose(c)) => c,
            other => panic!("no composer, but {other:?}; notice: {}", self.notice()),
        }
    }

    #[track_caller]
    pub fn reader(&self) -> &Reader {
        match self.app.ui.layers.last() {
            Some(Layer::Task(r)) => r,
            other => panic!("no task is read, but {other:?}; notice: {}", self.notice()),
        }
    }

    #[track_caller]
    pub fn state(&self, id: &str) -> State {
        self.app.store().find(id).unwrap_or_else(|| panic!("no task {id}")).state
    }

    /// The ids of a service's waiting tasks.
    pub fn waiting(&self, service: &str) -> Vec<String> {
        let lanes = self.app.store().lanes(service, false, self.now);
        lanes.waiting.iter().map(|w| w.task.key.to_string()).collect()
    }

    pub fn screen(&self) -> Screen {
        let look = Look { glyphs: Glyphs::of(self.app.settings.charset) };
        view::screen(&self.app, look, self.now)
    }

    /// The painted screen.
    pub fn buffer(&self, theme: &Theme) -> Buffer {
        let (width, height) = self.app.ui.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let screen = self.screen();
        Painted { screen: &screen, theme, charset: self.app.settings.charset }
            .render(buffer.area, &mut buffer);
        buffer
    }

    /// The painted screen as lines of text.
    pub fn lines(&self) -> Vec<String> {
        let buffer = self.buffer(&Theme::plain());
        (0..buffer.area.height).map(|y| row_text(&buffer, y)).collect()
    }

    #[track_caller]
    pub fn shows(&mut self, text: &str) -> &mut Bench {
        let lines = self.lines();
        assert!(
            lines.iter().any(|l| l.contains(text)),
            "`{text}` is not on the screen:\n{}",
            lines.join("\n")
        );
        self
    }

    #[track_caller]
    pub fn shows_not(&mut self, text: &str) -> &mut Bench {
        let lines = self.lines();
        assert!(!lines.iter().any(|l| l.contains(text)), "`{text}` is on the screen:\n{}", lines.join("\n"));
        self
    }
}

/// A row of the screen, as a terminal shows it: the second column of a wide character is no character of its own.
pub(crate) fn row_text(buffer: &Buffer, y: u16) -> String {
    use ratatui::buffer::CellWidth;
    let mut text = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        text.push_str(symbol);
        x += symbol.cell_width().max(1);
    }
    text.trim_end().to_owned()
}

/// A text field of a frame.
pub(crate) fn field(frame: &str, key: &str) -> String {
    json::get(frame, key).and_then(json::string).unwrap_or_default().into_owned()
}
