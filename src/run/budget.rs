//! How often the screen is drawn: not at all while nothing changes, at most fifteen times a second for what comes by itself, at
//! once for the person. The loop is played here on ratatui's own test backend, as `run` goes round it.

use ratatui::backend::TestBackend;

use super::*;
use crate::{
    app::{
        Settings, outputs, services,
        tests::{Bench, job, parallel, services::process},
        traces::Raised,
    },
    theme::Theme,
    time::Now,
};

/// A moment (seconds) and what the lab does then.
type Event = (f64, Box<dyn Fn(&mut Bench)>);

/// The program with a painter, and a loop without a terminal or a socket.
struct Screen {
    bench: Bench,
    painter: Painter<TestBackend>,
}

impl Screen {
    fn new() -> Screen {
        let bench = Bench::with(Settings::default(), (100, 30));
        let look = Look { glyphs: Glyphs::of(Charset::Unicode) };
        let painter = Painter::new(TestBackend::new(100, 30), (100, 30), Theme::plain(), look).unwrap();
        let mut screen = Screen { bench, painter };
        screen.draw_if_due(true);
        screen
    }

    fn draw_if_due(&mut self, person: bool) {
        let now = self.bench.now;
        if self.painter.due(&self.bench.app, person).is_some_and(|at| at <= now.mono) {
            self.painter.draw(&self.bench.app, now, now.mono).unwrap();
        }
    }

    /// Goes round the loop until that second; the lab speaks at the moments of `events`, in order.
    fn until(&mut self, seconds: f64, mut events: Vec<Event>) -> u64 {
        let before = self.painter.frames;
        events.reverse();
        let end = Now::at(seconds);
        loop {
            self.draw_if_due(false);
            let now = self.bench.now;
            let wake = [self.bench.app.wake_at(now), self.painter.due(&self.bench.app, false)];
            let wake = wake.into_iter().flatten().min().unwrap_or(end.mono).max(now.mono);
            let event = events.last().map(|(at, _)| Now::at(*at).mono).filter(|at| *at <= wake);
            let next = event.unwrap_or(wake);
            if next > end.mono {
                break;
            }
            self.bench.at(next.as_secs_f64());
            match event {
                Some(_) => (events.pop().unwrap().1)(&mut self.bench),
                None => {
                    self.bench.msg(Msg::Wake);
                }
            }
            assert!(self.painter.frames - before < 10_000, "it goes round and round");
        }
        self.bench.at(seconds);
        self.painter.frames - before
    }

    fn text(&self) -> String {
        self.painter.backend().buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }
}

fn heartbeat(bench: &mut Bench) {
    let event = r#"{"time": "2026-11-24T21:00:00Z", "throttled": 0, "value": 1, "id": "heartbeat"}"#;
    bench.bus("ThrottleStateEvent.throttle_state.heartbeat.", event);
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let mut s = Screen::new();
    s.bench.ran(&job("a"));
    s.draw_if_due(true);
    s.until(3.0, vec![]);
    assert_eq!(s.painter.due(&s.bench.app, true), None, "what was drawn is not drawn again");
    // Ten seconds in which nothing runs: no frame, though the lab's heart beats.
    let beats = (0..3).map(|n| (4.0 + 5.0 * f64::from(n), Box::new(heartbeat) as Box<dyn Fn(&mut Bench)>));
    assert_eq!(s.until(14.0, beats.collect()), 0);
    // Repeated events change nothing either.
    let again: Vec<Event> = vec![(
        15.0,
        Box::new(|b| {
            let ok = crate::app::tests::ok("a");
            b.completed(&job("a"), &ok);
        }),
    )];
    assert_eq!(s.until(16.0, again), 0);
}

#[test]
fn time_alone_draws_once_a_second_at_most() {
    let mut s = Screen::new();
    s.bench.runs(&job("a"));
    let frames = s.until(10.9, vec![]);
    assert!((10..=13).contains(&frames), "{frames} frames in ten seconds of one running task");
    // Once a minute where only the clock and the ages change.
    let mut s = Screen::new();
    s.bench.ran(&job("a"));
    s.until(30.0, vec![]);
    let beats = (0..120).map(|n| (30.0 + 5.0 * f64::from(n), Box::new(heartbeat) as Box<dyn Fn(&mut Bench)>));
    let frames = s.until(30.0 + 590.0, beats.collect());
    assert!(frames <= 11, "{frames} frames in ten minutes");
}

#[test]
fn a_flood_is_drawn_fifteen_times_a_second_and_ends_with_the_newest_state() {
    let mut s = Screen::new();
    s.bench.at(1.0);
    let events = (0..500).map(|n| {
        let at = 1.0 + f64::from(n) / 100.0;
        let play: Box<dyn Fn(&mut Bench)> = Box::new(move |b| {
            b.runs(&parallel(&format!("p{n}")));
        });
        (at, play)
    });
    let frames = s.until(5.99, events.collect());
    assert!(frames <= 5 * 15 + 1, "{frames} frames in five seconds");
    assert!(frames >= 5 * 10, "{frames} frames: it lags behind");
    s.until(6.2, vec![]);
    assert!(s.text().contains("500 running"), "{}", s.text());
}

#[test]
fn what_comes_from_beside_the_loop_by_itself_is_drawn_no_more_often() {
    fn lab() -> Text {
        Text::from("lab")
    }
    let floods: [fn(u32) -> Msg; 5] = [
        |n| Msg::Printed(lab(), outputs::Told::Printed(format!("line {n}\n"))),
        |n| Msg::Watched(lab(), Err(format!("port {n} does not answer"))),
        |_| Msg::Services(services::Told::Looked(lab(), Ok(process("RUNNING")), Vec::new())),
        |n| Msg::Recorded(Ok(u64::from(n) << 20)),
        |n| {
            let name = Text::from(format!("E{n}"));
            Msg::Raised(Raised { service: lab(), code: lab(), name, message: lab(), traceback: lab() })
        },
    ];
    for flood in floods {
        let mut s = Screen::new();
        s.until(1.0, Vec::new());
        let before = s.painter.frames;
        for n in 0..1_000 {
            let msg = flood(n);
            let (told, is_answer) = (format!("{msg:?}"), msg.is_answer());
            s.bench.at(1.0 + f64::from(n) / 1_000.0).msg(msg);
            s.draw_if_due(is_answer);
            assert!(s.painter.frames - before <= 16, "{} frames: {told}", s.painter.frames - before);
        }
    }
    // What the person waits for does not.
    let mut s = Screen::new();
    for n in 0..10 {
        s.bench.at(1.0 + f64::from(n) / 1_000.0);
        let (msg, before) = (Msg::Done(Ok(format!("saved: {n}"))), s.painter.frames);
        assert!(msg.is_answer());
        s.bench.msg(msg);
        s.draw_if_due(true);
        assert_eq!(s.painter.frames, before + 1);
    }
}

#[test]
fn a_key_is_drawn_at_once_also_in_a_flood() {
    let mut s = Screen::new();
    s.bench.at(1.0).runs(&job("a"));
    s.draw_if_due(false);
    let frames = s.painter.frames;
    s.bench.at(1.001).runs(&job("b"));
    s.draw_if_due(false);
    assert_eq!(s.painter.frames, frames, "the wire waits its turn");
    assert!(s.painter.due(&s.bench.app, false).unwrap() > s.bench.now.mono);
    s.bench.key("?");
    assert_eq!(s.painter.due(&s.bench.app, true), Some(Duration::ZERO));
    s.draw_if_due(true);
    assert!(s.text().contains("type to search"), "{}", s.text());
    // While an editor has the terminal nothing is drawn.
    s.bench.app.ui.outside = true;
    s.bench.key("esc");
    assert_eq!(s.painter.due(&s.bench.app, true), None);
}

#[test]
fn a_new_size_and_a_whole_frame_are_drawn() {
    let mut s = Screen::new();
    s.bench.msg(Msg::Resize(40, 12));
    assert!(s.painter.due(&s.bench.app, true).is_some());
    s.painter.redraw();
    assert!(s.painter.due(&s.bench.app, true).is_some(), "also where nothing has changed");
}

#[test]
fn a_window_that_is_drawn_larger_is_drawn_at_most_as_often_as_the_wire() {
    let mut s = Screen::new();
    s.until(2.0, Vec::new());
    let before = s.painter.frames;
    for n in 0..200_u16 {
        s.bench.at(2.0 + f64::from(n) * 0.005).msg(Msg::Resize(50 + n / 4, 20 + n / 40));
        s.painter.redraw();
        s.draw_if_due(false);
    }
    let frames = s.painter.frames - before;
    assert!((12..=16).contains(&frames), "{frames} frames for 200 sizes in a second");
    s.until(4.0, Vec::new());
    assert_eq!(s.bench.app.ui.size, (99, 24));
    let buffer = s.painter.backend().buffer();
    let row = |y: u16| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    assert!(
        row(23).contains("quit") && row(24).trim().is_empty(),
        "the last size: {:?} {:?}",
        row(23),
        row(24)
    );
}
